import type * as tf from '@tensorflow/tfjs-core';
import { checkFinite } from '../core/checkTensor';
import { float32Box } from '../core/float32Box';
import { checkImages } from './checkImages';
import type { BoundsOptions } from './options';
import { stretch } from './stretch';

/**
 * Stretches every image to the full contrast: its smallest value, over all pixels and channels, becomes the lower bound
 * and its largest the upper one, linearly in between.
 *
 * An image that is constant has no contrast to stretch and stays as it is (clipped to `bounds`, should it lie outside).
 *
 * @param images - `[B, H, W, C]` or `[B, D]`, finite and of any range; left alone.
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
export function stretchContrast(images: tf.Tensor, { bounds }: BoundsOptions = {}): tf.Tensor {
  const fn = 'stretchContrast';
  checkImages(fn, images, [2, 4]);
  const box = float32Box(fn, bounds);
  checkFinite({ fn, argument: 'images' }, images);
  return stretch(images, box);
}
