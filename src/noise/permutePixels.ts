import * as tf from '@tensorflow/tfjs-core';
import { unitBox } from '../core/bounds';
import { checkKeys } from '../core/check';
import { checkInBounds } from '../core/checkTensor';
import { imageSize } from '../core/imageSize';
import { resolveRng } from '../core/resolveRng';
import { drawPermuted } from './draws';
import { checkImages, NOISE_KEYS, type NoiseOptions } from './options';

/**
 * Puts the pixels of every image in a random order: what is left of an image without its structure.
 *
 * One permutation per image, uniform over all orders; the channels of a pixel stay together. In vectors `[B, D]` every
 * coordinate is a pixel.
 *
 * @param images - `[B, H, W, C]`, `[B, H, W]` or `[B, D]`, finite and in `bounds`; left alone.
 * @param options - Seed or stream, and the box of the images.
 * @returns float32 of the same shape, in `bounds`; the caller owns it.
 * @throws OverconfidenceError `INVALID_ARGUMENT` if `images` is not a float32 or int32 tensor, `INVALID_SHAPE` for
 * another rank, `EMPTY_INPUT`, `NON_FINITE` or `OUT_OF_BOUNDS` for its values (not checked on webgpu),
 * `INVALID_OPTION` for `bounds` or `seed`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { permutePixels } from 'relu-overconfidence';
 *
 * const images = tf.tensor4d([0.1, 0.2, 0.3, 0.4], [1, 2, 2, 1]);
 * const permuted = permutePixels(images, { seed: 1 });
 * console.log(await permuted.data()); // the same four numbers in another order
 * tf.dispose([images, permuted]);
 * ```
 */
export function permutePixels(images: tf.Tensor, options: NoiseOptions = {}): tf.Tensor {
  const fn = 'permutePixels';
  checkImages(fn, images, [2, 3, 4]);
  checkKeys({ fn, argument: 'options' }, options, NOISE_KEYS);
  const { box, into, outOf } = unitBox(fn, options.bounds);
  checkInBounds({ fn, argument: 'images' }, images, options.bounds ?? [0, 1]);
  const rng = resolveRng(options);
  const count = images.shape[0]!;
  const { channels } = imageSize(images.shape.slice(1)) ?? { channels: 1 };
  const run = { count, pixels: images.size / (count * channels), channels };
  return tf.tidy(() => {
    const permuted = drawPermuted(into(tf.cast(images, 'float32')), 0, run, 'images', rng);
    // The check lets rounding pass.
    return outOf(tf.clipByValue(tf.reshape(permuted, images.shape), ...box));
  });
}
