import * as tf from '@tensorflow/tfjs-core';
import { float32Box, onePair } from '../core/bounds';
import { checkKeys, checkPositive, refuse, show } from '../core/check';
import { checkInBounds } from '../core/checkTensor';
import { imageSize } from '../core/imageSize';
import { chunks, lowPass, toImages, toPixelRows } from './lowPass';
import { BOUNDS_KEYS, type BoundsOptions, checkImages } from './options';

/**
 * Smooths images with a Gaussian filter, each channel for itself.
 *
 * 15 x 15 taps (radius 7) with weights proportional to exp(-(i^2 + j^2) / (2 sigma^2)) and of sum 1; beyond the border
 * the image is mirrored, edge included, as often as needed for images smaller than the radius. This is
 * `scipy.ndimage.gaussian_filter` with `mode='reflect', radius=7`. The result has the same bits on the cpu and wasm
 * backends.
 *
 * @param images - `[B, H, W, C]` or `[B, H, W]`, finite and in `bounds`; left alone.
 * @param sigma - Standard deviation in pixels, > 0: one number, or a list with one per image.
 * @param options - The box of the images.
 * @returns float32 of the same shape, in `bounds`; the caller owns it.
 * @throws OverconfidenceError `INVALID_ARGUMENT` if `images` is not a float32 or int32 tensor, `INVALID_SHAPE` if its
 * rank is not 3 or 4 (vectors have no neighbourhood), `EMPTY_INPUT`, `NON_FINITE` or `OUT_OF_BOUNDS` for its values (not
 * checked on webgpu), `INVALID_OPTION` for a sigma that is not finite and > 0, a list of another length than B, or `bounds`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { gaussianLowPass, uniformNoise } from 'relu-overconfidence';
 *
 * const noise = uniformNoise([2, 28, 28, 1], { seed: 1 });
 * const smooth = gaussianLowPass(noise, [1, 2.5]);
 * noise.dispose();
 * smooth.dispose();
 * ```
 */
export function gaussianLowPass<T extends tf.Tensor = tf.Tensor4D>(
  images: T,
  sigma: number | readonly number[],
  options: BoundsOptions = {},
): T {
  const fn = 'gaussianLowPass';
  checkImages(fn, images, [3, 4]);
  checkKeys({ fn, argument: 'options' }, options, BOUNDS_KEYS);
  const { bounds = [0, 1] } = options;
  const [low, high] = float32Box(fn, onePair({ fn, argument: 'bounds' }, bounds));
  const count = images.shape[0]!;
  if (Array.isArray(sigma)) checkSigmas(fn, sigma, count);
  else checkPositive({ fn, argument: 'sigma' }, sigma as number);
  checkInBounds({ fn, argument: 'images' }, images, bounds);
  const perImage = typeof sigma === 'number' ? new Array<number>(count).fill(sigma) : sigma;
  const size = imageSize(images.shape.slice(1))!;
  return tf.tidy(() => {
    const filter = lowPass(size);
    const flat = tf.reshape<tf.Rank.R2>(tf.cast(images, 'float32'), [count, -1]);
    const parts = chunks(0, count, size).map(([from, to]) =>
      tf.tidy(() => {
        const smooth = filter(toPixelRows(takeRows(flat, from, to), size), perImage.slice(from, to));
        // Weights rounded to float32 can sum to slightly more than 1.
        return tf.clipByValue(toImages(smooth, size), low, high);
      }),
    );
    return tf.reshape(tf.concat(parts, 0), images.shape) as T;
  });
}

/** Rows `from`, ..., `to - 1`; on wasm `tf.slice` would copy the whole batch first. */
function takeRows(flat: tf.Tensor2D, from: number, to: number): tf.Tensor {
  const index = Int32Array.from({ length: to - from }, (_, i) => from + i);
  return tf.gatherND(flat, tf.tensor2d(index, [to - from, 1], 'int32'));
}

function checkSigmas(fn: string, sigma: readonly number[], count: number): void {
  const where = { fn, argument: 'sigma' };
  if (sigma.length !== count)
    refuse(
      where,
      'INVALID_OPTION',
      `one number per image (${count})`,
      show(sigma),
      'Pass one number to use it for all.',
    );
  for (const one of sigma) checkPositive(where, one);
}
