import type { Axis, Convolution } from '../../regions/types';
import { powerNorm } from './powerNorm';

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
