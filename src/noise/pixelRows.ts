import * as tf from '@tensorflow/tfjs-core';

/** Sizes of a batch of images. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
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
