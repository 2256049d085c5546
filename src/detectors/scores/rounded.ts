import { dot } from './rows';

/** Squared distances from a vector, each between two bounds; they hold until the next look. */
export interface Bounds {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/** Prepares a quick look at distances from points; undefined where it cannot be had. */
export type Look = (points: Float32Array, size: number) => ((u: Float64Array) => Bounds) | undefined;

/** Numbers that the code below takes at a time. */
const STEP = 8;
const PAGE = 2 ** 16;
/** The largest whole number of a point, and of the vector, whose length is such that sums of products stay below 2^31. */
const [BYTE, WHOLE, SUM] = [127, 32767, 2 ** 30];

/**
 * WebAssembly, with SIMD, of `dots(point, end, out, bytes)`: at 0 lies a vector of i16, so many bytes long; for each point of i8
 * from `point` to `end` four i32 are written to `out`, whose sum is the scalar product.
 */
const code = () =>
  Uint8Array.of(
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    // Type 0 takes four i32; function 0 is of it; a memory of one page; both are exported, as `memory` and `dots`.
    ...[1, 8, 1, 0x60, 4, 0x7f, 0x7f, 0x7f, 0x7f, 0, 3, 2, 1, 0, 5, 3, 1, 0, 1],
    ...[7, 17, 2, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0, 4, 0x64, 0x6f, 0x74, 0x73, 0, 0],
    // Local 4, an i32, is the place in the vector; local 5, a v128, holds the four sums.
    ...[10, 87, 1, 85, 2, 1, 0x7f, 1, 0x7b],
    // loop; place = 0; sums = i32x4.splat 0
    ...[0x03, 0x40, 0x41, 0, 0x21, 4, 0x41, 0, 0xfd, 0x11, 0x21, 5],
    // loop; sums = i32x4.add(sums, i32x4.dot_i16x8_s(v128.load8x8_s point, v128.load place))
    ...[
      0x03, 0x40, 0x20, 5, 0x20, 0, 0xfd, 0x01, 0, 0, 0x20, 4, 0xfd, 0x00, 0, 0, 0xfd, 0xba, 1, 0xfd, 0xae, 1, 0x21, 5,
    ],
    // point += 8; repeat while (place += 16) < bytes
    ...[0x20, 0, 0x41, STEP, 0x6a, 0x21, 0, 0x20, 4, 0x41, 2 * STEP, 0x6a, 0x22, 4, 0x20, 3, 0x49, 0x0d, 0, 0x0b],
    // v128.store(out, sums); out += 16; repeat while point < end
    ...[0x20, 2, 0x20, 5, 0xfd, 0x0b, 0, 0, 0x20, 2, 0x41, 16, 0x6a, 0x21, 2, 0x20, 0, 0x20, 1, 0x49, 0x0d, 0],
    ...[0x0b, 0x0b],
  );

/**
 * A quick look at the distances `|u - p|` from points p that are kept as bytes, `P = s round(p / s)` with `s = max |p_j| / 127`. By
 * Cauchy and Schwarz `|u . p - U . P| <= |u| |p - P| + |u - U| |P|`, U being u with 16 bits; `|u - p|^2 = |u|^2 + |p|^2 - 2 u . p`.
 *
 * @param points - Points `[n, size]`, row-major.
 * @returns What bounds the squared distances of a vector from all points, taking about a byte of memory for each number; undefined
 *   where there is no WebAssembly with SIMD, or not so much memory.
 */
export const roundedPoints: Look = (points, size) => {
  const count = points.length / size;
  const width = Math.ceil(size / STEP) * STEP;
  const [out, start] = [2 * width, 2 * width + 16 * count];
  const end = start + width * count;
  let buffer: ArrayBuffer;
  let dots: (...parameters: number[]) => void;
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code()));
    const memory = exports.memory as WebAssembly.Memory;
    memory.grow(Math.ceil(end / PAGE));
    buffer = memory.buffer;
    dots = exports.dots as typeof dots;
  } catch {
    return undefined;
  }
  const bytes = new Int8Array(buffer, start);
  const [vector, sums] = [new Int16Array(buffer, 0, width), new Int32Array(buffer, out, 4 * count)];
  const [steps, errors, squares] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  for (let i = 0; i < count; i++) {
    const point = points.subarray(i * size, (i + 1) * size);
    const step = highest(point) / BYTE;
    let rest = 0;
    for (let j = 0; j < size; j++) {
      const whole = step > 0 ? Math.round(point[j]! / step) : 0;
      bytes[i * width + j] = whole;
      rest += (point[j]! - step * whole) ** 2;
    }
    steps[i] = step;
    errors[i] = Math.sqrt(rest);
    squares[i] = dot(point, point);
  }
  const [lower, upper] = [new Float64Array(count), new Float64Array(count)];
  return (u) => {
    const square = dot(u, u);
    const length = Math.sqrt(square);
    const scale = length > 0 ? Math.min(WHOLE / highest(u), SUM / (BYTE * Math.sqrt(size) * length)) : 1;
    let rest = 0;
    for (let j = 0; j < size; j++) {
      vector[j] = Math.round(u[j]! * scale);
      rest += (u[j]! - vector[j]! / scale) ** 2;
    }
    const error = Math.sqrt(rest);
    dots(start, end, out, 2 * width);
    for (let i = 0, at = 0; i < count; i++, at += 4) {
      const product = ((sums[at]! + sums[at + 1]! + sums[at + 2]! + sums[at + 3]!) * steps[i]!) / scale;
      const [middle, own] = [square + squares[i]! - 2 * product, errors[i]!];
      // And what the float64 sums here and those of the exact distance may be off by.
      const margin = 2 * (length * own + error * (Math.sqrt(squares[i]!) + own)) + ROUNDING * (square + squares[i]!);
      lower[i] = middle - margin;
      upper[i] = middle + margin;
    }
    return { lower, upper };
  };
};

/** What sums of squares of at most millions of numbers in float64 are off by, as a share, many times over. */
const ROUNDING = 1e-9;

function highest(values: Float32Array | Float64Array): number {
  let most = 0;
  for (let j = 0; j < values.length; j++) most = Math.max(most, Math.abs(values[j]!));
  return most;
}
