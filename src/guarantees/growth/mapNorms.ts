import { clear, noChanges } from '../../regions/maps/changes';
import { dot } from '../../regions/maps/denseMap';
import type { Axis, Changes, Convolution, LinearMap } from '../../regions/types';

/** Upper bounds on how much a linear map stretches, for Euclidean lengths. */
export interface MapNorms {
  /** Of A itself. */
  readonly spectral: number;
  /** Of the matrix of absolute values, which bounds what rounding can do. */
  readonly absolute: number;
  /** The most products that one entry of A x sums. */
  readonly fanIn: number;
}

/** Far more than what float64 loses in these sums. */
const ROUNDING = 1 + 1e-9;

/** Up to this size the smaller Gram matrix is formed; its powers cost as much as the cube of the size. */
const LARGEST_GRAM = 400;

/**
 * Safe upper bounds on the norms of a map: `|A| <= sqrt(|A|_1 |A|_inf)` and `|A| <= |A|_F`, both true for the absolute
 * values as well, and the far tighter {@link gramNorm} for small maps and {@link convolutionNorm} for convolutions. Power iteration
 * would give lower bounds.
 */
export function mapNorms(map: LinearMap): MapNorms {
  const rowSums = new Float64Array(map.outputSize);
  const rowCounts = new Int32Array(map.outputSize);
  let largestColumn = 0;
  let squares = 0;
  eachColumn(map, ({ count, entries, values }) => {
    let columnSum = 0;
    for (let k = 0; k < count; k++) {
      const i = entries[k]!;
      const size = Math.abs(values[i]!);
      if (size === 0) continue;
      columnSum += size;
      squares += size * size;
      rowSums[i]! += size;
      rowCounts[i]!++;
    }
    largestColumn = Math.max(largestColumn, columnSum);
  });
  const largestRow = rowSums.reduce((a, b) => Math.max(a, b), 0);
  const absolute = ROUNDING * Math.min(Math.sqrt(largestColumn * largestRow), Math.sqrt(squares));
  return {
    spectral: Math.min(absolute, tighterNorm(map)),
    absolute,
    fanIn: rowCounts.reduce((a, b) => Math.max(a, b), 0),
  };
}

function tighterNorm(map: LinearMap): number {
  if (Math.min(map.inputSize, map.outputSize) <= LARGEST_GRAM) return gramNorm(map);
  return map.convolution ? convolutionNorm(map.convolution) : Number.POSITIVE_INFINITY;
}

/** An upper bound on the spectral norm of a map, nearly sharp, by its smaller Gram matrix `A A^T` or `A^T A`. */
function gramNorm(map: LinearMap): number {
  const size = Math.min(map.inputSize, map.outputSize);
  return powerNorm(gram(map, size), size);
}

/** `A A^T` if it is the smaller one, else `A^T A`. */
function gram(map: LinearMap, size: number): Float64Array {
  const wide = map.outputSize <= map.inputSize;
  const result = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const inner = new Float64Array(wide ? map.inputSize : map.outputSize);
    const unit = new Float64Array(size);
    unit[i] = 1;
    const row = result.subarray(i * size, (i + 1) * size);
    if (wide) {
      map.addTransposedTo(inner, unit, 1);
      map.addTo(row, inner, 1);
    } else {
      map.addTo(inner, unit, 1);
      map.addTransposedTo(row, inner, 1);
    }
  }
  return result;
}

/** So many frequencies per entry that a window spans are enough: the bound is then too large by less than 1 % per axis. */
const DENSITY = 16;

/**
 * An upper bound on the spectral norm of a convolution with zero padding, nearly sharp, from its frequency response (Sedghi,
 * Gupta and Long, 2019, arXiv 1805.10408, for windows that wrap around).
 *
 * With the input split by the phases of the stride, the window moves by whole entries: output o sees the entries o to
 * o + span of every phase. On a torus of N >= outputs + span entries those outputs are the same, so the map is a part of a
 * convolution that wraps around, whose norm is the largest of the norms of `M(w) = sum_s K_s exp(i w.s)` over its
 * N frequencies w. Fewer will do on large images: `|v* M(w) u|^2` is a trigonometric polynomial of degree `span` in w, and no
 * such polynomial exceeds its largest value at N equally spaced points by more than `1 / cos(pi span / N)` (M. Riesz).
 *
 * @param scales - A factor for each channel of the input, 1 if left out.
 */
export function convolutionNorm(convolution: Convolution, scales?: Float64Array): number {
  const { rows, columns } = convolution;
  const taps = tapsOf(convolution, scales);
  const [down, across] = [gridOf(rows), gridOf(columns)];
  let largest = 0;
  // A real kernel has the same norm at w and -w.
  for (let y = 0; y <= down.points / 2; y++)
    for (let x = 0; x < across.points; x++) {
      const response = responseAt(taps, (2 * Math.PI * y) / down.points, (2 * Math.PI * x) / across.points);
      largest = Math.max(largest, powerNorm(gramOf(response), 2 * response.size, largest));
    }
  return largest * down.excess * across.excess;
}

/** Frequencies along an axis, and what the norm may exceed the largest at those by. */
function gridOf({ output, stride, window, dilation }: Axis): { readonly points: number; readonly excess: number } {
  const span = Math.floor(((window - 1) * dilation) / stride);
  const exact = output + span;
  const enough = Math.max(1, DENSITY * span);
  if (exact <= enough) return { points: exact, excess: 1 };
  return { points: enough, excess: 1 / Math.sqrt(Math.cos((Math.PI * span) / enough)) };
}

/** The entries of the window, each with its place, and with the phase of its place made part of the channel. */
interface Taps {
  readonly filters: number;
  /** Channels of the input times phases. */
  readonly channels: number;
  readonly list: readonly {
    readonly y: number;
    readonly x: number;
    /** Which of the `channels` the first one of this tap is. */
    readonly first: number;
    /** Channels of the tap times filters, flat. */
    readonly kernel: Float64Array;
  }[];
}

function tapsOf({ kernel, rows, columns, channels, filters }: Convolution, scales?: Float64Array): Taps {
  const size = channels * filters;
  const list = Array.from({ length: rows.window * columns.window }, (_, t) => {
    const y = Math.floor(t / columns.window) * rows.dilation;
    const x = (t % columns.window) * columns.dilation;
    const slice = kernel.subarray(t * size, (t + 1) * size);
    const phase = (y % rows.stride) * columns.stride + (x % columns.stride);
    return {
      y: Math.floor(y / rows.stride),
      x: Math.floor(x / columns.stride),
      first: phase * channels,
      kernel: scales ? slice.map((value, i) => value * scales[Math.floor(i / filters)]!) : slice,
    };
  });
  return { filters, channels: channels * rows.stride * columns.stride, list };
}

/** A complex matrix of `size` rows. */
interface Complex {
  readonly size: number;
  readonly width: number;
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
}

/** M(w), transposed if it is higher than wide. */
function responseAt({ filters, channels, list }: Taps, wy: number, wx: number): Complex {
  const wide = filters <= channels;
  const [size, width] = wide ? [filters, channels] : [channels, filters];
  const real = new Float64Array(size * width);
  const imaginary = new Float64Array(size * width);
  for (const { y, x, first, kernel } of list) {
    const [cos, sin] = [Math.cos(wy * y + wx * x), Math.sin(wy * y + wx * x)];
    for (let i = 0; i < kernel.length; i++) {
      const [channel, filter] = [first + Math.floor(i / filters), i % filters];
      const at = wide ? filter * width + channel : channel * width + filter;
      real[at]! += cos * kernel[i]!;
      imaginary[at]! += sin * kernel[i]!;
    }
  }
  return { size, width, real, imaginary };
}

/** `M M*`, a Hermitian matrix R + iS, as the symmetric real one [[R, -S], [S, R]], which has the same norm. */
function gramOf({ size, width, real, imaginary }: Complex): Float64Array {
  const result = new Float64Array(4 * size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      let [r, s] = [0, 0];
      for (let k = 0; k < width; k++) {
        const [a, b] = [real[i * width + k]!, imaginary[i * width + k]!];
        const [c, d] = [real[j * width + k]!, imaginary[j * width + k]!];
        r += a * c + b * d;
        s += b * c - a * d;
      }
      const set = (row: number, column: number, value: number) => {
        result[row * 2 * size + column] = value;
        result[column * 2 * size + row] = value;
      };
      set(i, j, r);
      set(size + i, size + j, r);
      set(size + i, j, s);
      set(size + j, i, -s);
    }
  return result;
}

/** A matrix is squared this often; the bound is too large by a factor of at most `size^(1 / 128)`. */
const SQUARINGS = 5;

/**
 * An upper bound on the root of the spectral norm of a symmetric matrix, nearly sharp: `|G| = |G^p|^(1/p) <= |G^p|_F^(1/p)` with
 * p = 32. With the Gram matrix of a map it bounds the norm of the map.
 *
 * @param enough - Any bound that is not above this will do; a smaller p often finds one.
 */
function powerNorm(matrix: Float64Array, size: number, enough = 0): number {
  let power = matrix;
  // The true power is exp(logScale) times `power`, whose Frobenius norm is kept at 1.
  let logScale = 0;
  for (let n = 0; ; n++) {
    const norm = frobenius(power);
    if (norm === 0) return 0;
    power = power.map((value) => value / norm);
    logScale += Math.log(norm);
    const bound = ROUNDING * Math.exp(logScale / 2 ** (n + 1));
    if (n === SQUARINGS || bound <= enough) return bound;
    power = squared(power, size);
    logScale *= 2;
  }
}

function frobenius(matrix: Float64Array): number {
  return Math.sqrt(matrix.reduce((sum, value) => sum + value * value, 0));
}

/** The square of a symmetric matrix: entry (i, j) is the inner product of rows i and j. */
function squared(matrix: Float64Array, size: number): Float64Array {
  const result = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      const inner = dot(matrix, i * size, matrix, j * size, size);
      result[i * size + j] = inner;
      result[j * size + i] = inner;
    }
  return result;
}

/** Calls `use` with every column of the matrix of a map: only the entries listed in it may differ from zero. */
export function eachColumn(map: LinearMap, use: (column: Changes, index: number) => void): void {
  const unit = noChanges(map.inputSize);
  const column = noChanges(map.outputSize);
  unit.count = 1;
  for (let j = 0; j < map.inputSize; j++) {
    unit.entries[0] = j;
    unit.values[j] = 1;
    map.spread(column, unit);
    unit.values[j] = 0;
    use(column, j);
    clear(column);
  }
}
