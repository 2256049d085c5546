import * as tf from '@tensorflow/tfjs-core';
import { type Box, float32Box, onePair } from '../core/bounds';
import { checkKeys } from '../core/check';
import { checkFinite } from '../core/checkTensor';
import { BOUNDS_KEYS, type BoundsOptions, checkImages } from './options';

/**
 * Stretches every image to the full contrast: its smallest value, over all pixels and channels, becomes the lower bound
 * and its largest the upper one, linearly in between.
 *
 * An image that is constant has no contrast to stretch and stays as it is (clipped to `bounds`, should it lie outside).
 *
 * @param images - `[B, H, W, C]`, `[B, H, W]` or `[B, D]`, finite and of any range; left alone.
 * @param options - The box to stretch to.
 * @returns float32 of the same shape, in `bounds`; the caller owns it.
 * @throws OverconfidenceError `INVALID_ARGUMENT` if `images` is not a float32 or int32 tensor, `INVALID_SHAPE` for
 * another rank, `EMPTY_INPUT`, `NON_FINITE` for its values (not checked on webgpu), `INVALID_OPTION` for `bounds`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { stretchContrast } from 'relu-overconfidence';
 *
 * const images = tf.tensor4d([0.25, 0.5, 0.5, 0.75], [1, 2, 2, 1]);
 * const stretched = stretchContrast(images);
 * console.log(await stretched.data()); // [0, 0.5, 0.5, 1]
 * tf.dispose([images, stretched]);
 * ```
 */
export function stretchContrast(images: tf.Tensor, options: BoundsOptions = {}): tf.Tensor {
  const fn = 'stretchContrast';
  checkImages(fn, images, [2, 3, 4]);
  checkKeys({ fn, argument: 'options' }, options, BOUNDS_KEYS);
  const box = float32Box(fn, onePair({ fn, argument: 'bounds' }, options.bounds ?? [0, 1]));
  checkFinite({ fn, argument: 'images' }, images);
  return stretch(images, box);
}

/** The smallest float32 number of full precision. */
const LEAST_DIVISOR = 2 ** -126;

/** Maps each image's smallest value to `low` and its largest to `high`; an image of one value stays as it is. */
export function stretch(images: tf.Tensor, [low, high]: Box): tf.Tensor {
  return tf.tidy(() => {
    const flat = tf.reshape(tf.cast(images, 'float32'), [images.shape[0]!, -1]);
    const smallest = tf.min(flat, 1, true);
    const range = tf.sub(tf.max(flat, 1, true), smallest);
    const constant = tf.cast(tf.equal(range, 0), 'float32');
    const varies = tf.sub(1, constant);
    // (x - smallest) / (range / (high - low)) + low; for a constant image (x - 0) / 1 + 0. A divisor that float32 rounds to 0
    // would make NaN of an image that is almost constant: it then gets less than the full contrast.
    const shifted = tf.sub(flat, tf.mul(smallest, varies));
    const divisor = tf.maximum(tf.div(range, high - low), LEAST_DIVISOR);
    const scaled = tf.div(shifted, tf.add(divisor, constant));
    const placed = low === 0 ? scaled : tf.add(scaled, tf.mul(varies, low));
    return tf.reshape(tf.clipByValue(placed, low, high), images.shape);
  });
}
