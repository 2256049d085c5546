import * as tf from '@tensorflow/tfjs-core';
import type { ImageSize } from './pixelRows';
import { rowSum } from './rowSum';

const RADIUS = 7;
/** Outermost taps first: the small terms are added before the large ones. */
const TAPS = [-7, 7, -6, 6, -5, 5, -4, 4, -3, 3, -2, 2, -1, 1, 0];

/** Filters pixel rows `[H * W, n * C]`; `sigma` has one standard deviation in pixels per image. */
export type LowPass = (pixels: tf.Tensor2D, sigma: readonly number[]) => tf.Tensor2D;

/**
 * The Gaussian low-pass for images of one size: 15 x 15 taps, mirrored at the border, columns first and then lines.
 *
 * Products and sums in a fixed order, and no convolution: each backend adds up a convolution in an order of its own.
 * Call inside `tf.tidy`: the filter holds index tensors.
 */
export function lowPass({ height, width, channels }: ImageSize): LowPass {
  const columns = rowSum(tapRows(1, height), TAPS.length);
  const lines = rowSum(tapRows(height, width), TAPS.length);
  return (pixels, sigma) =>
    tf.tidy(() => {
      const weights = weightTable(sigma, channels);
      const copies = (RADIUS + 1) * height;
      const perLine = columns(tf.reshape(weighted(pixels, weights), [copies, -1]));
      const perPixel = lines(tf.reshape(weighted(tf.reshape(perLine, pixels.shape), weights), [copies * width, -1]));
      return tf.reshape(perPixel, pixels.shape);
    });
}

/** Eight copies of the pixels, copy k times the weight of the taps -k and k. */
function weighted(pixels: tf.Tensor2D, weights: tf.Tensor3D): tf.Tensor {
  return tf.mul(tf.expandDims(pixels, 0), weights);
}

/**
 * For a filter along an axis of `size` steps after `outer` other positions: per output row, the rows of the weighted
 * copies that its taps point at, which is position i + k, mirrored, of copy |k|.
 */
function tapRows(outer: number, size: number): Int32Array {
  const taps = new Int32Array(size * TAPS.length);
  for (let i = 0; i < taps.length; i++) {
    const k = TAPS[i % TAPS.length]!;
    taps[i] = Math.abs(k) * outer * size + mirror(Math.floor(i / TAPS.length) + k, size);
  }
  const rows = new Int32Array(outer * taps.length);
  for (let o = 0; o < outer; o++) for (let i = 0; i < taps.length; i++) rows[o * taps.length + i] = taps[i]! + o * size;
  return rows;
}

/** The axis continued backwards beyond its ends, edge included, as often as needed: d c b a | a b c d | d c b a. */
function mirror(i: number, size: number): number {
  const wrapped = ((i % (2 * size)) + 2 * size) % (2 * size);
  return wrapped < size ? wrapped : 2 * size - 1 - wrapped;
}

/** Weights of the taps 0, ..., 7 per column of the pixel rows, `[8, 1, n * C]`; `[8, 1, 1]` where they are all alike. */
function weightTable(sigma: readonly number[], channels: number): tf.Tensor3D {
  const alike = sigma.every((s) => s === sigma[0]);
  const kernels = (alike ? sigma.slice(0, 1) : sigma).map(gaussianWeights);
  const repeat = alike ? 1 : channels;
  const columns = kernels.length * repeat;
  const table = new Float32Array((RADIUS + 1) * columns);
  for (let i = 0; i < table.length; i++)
    table[i] = kernels[Math.floor((i % columns) / repeat)]![Math.floor(i / columns)]!;
  return tf.tensor3d(table, [RADIUS + 1, 1, columns]);
}

/** exp(-k^2 / (2 sigma^2)) for k = 0, ..., 7, divided by the sum over all 15 taps; float64. */
function gaussianWeights(sigma: number): number[] {
  const heights = Array.from({ length: RADIUS + 1 }, (_, k) => Math.exp(-0.5 * (k / sigma) ** 2));
  const total = heights.reduce((sum, height, k) => sum + (k === 0 ? height : 2 * height), 0);
  return heights.map((height) => height / total);
}
