import * as tf from '@tensorflow/tfjs-core';
import type { ImageSize } from '../core/imageSize';

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

/** Sums of rows of a table `[R, n]`; the choice of rows was made when the function was. */
type RowSum = (table: tf.Tensor2D) => tf.Tensor2D;

/**
 * Row i of the result is the sum of the table's rows `rows[i * terms]`, ..., `rows[i * terms + terms - 1]`, added in this
 * order in float32, so every backend that rounds as IEEE 754 says gives the same bits.
 *
 * Call inside `tf.tidy`: the function holds index tensors.
 */
export function rowSum(rows: Int32Array, terms: number): RowSum {
  const backend = tf.getBackend();
  return backend === 'cpu' || backend === 'wasm' ? inOnePass(rows, terms) : termByTerm(rows, terms);
}

/** One kernel for all terms. Not for GPUs: webgl runs it on the CPU, and webgpu adds in no fixed order. */
function inOnePass(rows: Int32Array, terms: number): RowSum {
  const targets = new Int32Array(rows.length);
  for (let i = 0; i < rows.length / terms; i++) targets.fill(i, i * terms, (i + 1) * terms);
  const rowTensor = tf.tensor1d(rows, 'int32');
  const targetTensor = tf.tensor1d(targets, 'int32');
  return (table) => tf.reshape(tf.sparse.sparseSegmentSum(table, rowTensor, targetTensor), [-1, table.shape[1]]);
}

/** {@link rowSum} with operations that every backend runs in the order they are called. */
export function termByTerm(rows: Int32Array, terms: number): RowSum {
  const index = Array.from({ length: terms }, (_, t) => {
    const ofTerm = new Int32Array(rows.length / terms);
    for (let i = 0; i < ofTerm.length; i++) ofTerm[i] = rows[i * terms + t]!;
    return tf.tensor1d(ofTerm, 'int32');
  });
  return (table) => index.map((ofTerm) => tf.gather(table, ofTerm)).reduce((sum, term) => tf.add(sum, term));
}

/**
 * Images `[n, H, W, C]` as pixel rows `[H * W, n * C]`: one pixel of all images is contiguous, and so is one line, so
 * that a filter moves long rows and not single numbers.
 */
export function toPixelRows(images: tf.Tensor, { height, width, channels }: ImageSize): tf.Tensor2D {
  const count = images.shape[0]!;
  const swapped = tf.transpose(tf.reshape(images, [count, height * width, channels]), [1, 0, 2]);
  return tf.reshape(swapped, [height * width, count * channels]);
}

/** The inverse of {@link toPixelRows}. */
export function toImages(rows: tf.Tensor2D, { height, width, channels }: ImageSize): tf.Tensor4D {
  const count = rows.shape[1] / channels;
  const swapped = tf.transpose(tf.reshape(rows, [height * width, count, channels]), [1, 0, 2]);
  return tf.reshape(swapped, [count, height, width, channels]);
}

/** Cuts `from`, ..., `to - 1` into runs of images that together hold about as many floats as the cache likes. */
export function chunks(from: number, to: number, { height, width, channels }: ImageSize): [number, number][] {
  // 2^18 floats: fastest on wasm (2^16 to 2^20 tried), and it bounds the memory for any batch.
  const most = Math.max(1, Math.floor(2 ** 18 / (height * width * channels)));
  const runs: [number, number][] = [];
  for (let start = from; start < to; start += most) runs.push([start, Math.min(start + most, to)]);
  return runs;
}
