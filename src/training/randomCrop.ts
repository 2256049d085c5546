import * as tf from '@tensorflow/tfjs-core';
import { checkKeys, checkWhole, type KeysOf } from '../core/check';
import { checkRank } from '../core/checkTensor';
import { imageSize } from '../core/imageSize';
import { type RandomOptions, resolveRng } from '../core/resolveRng';

/** Options of {@link randomCrop}. */
export interface RandomCropOptions extends RandomOptions {
  /** Rows and columns of zeros added on every side before cropping, in pixels. @defaultValue 4 */
  readonly padding?: number;
}

const KEYS: KeysOf<RandomCropOptions> = { seed: true, rng: true, padding: true };

/**
 * Shifts each image by a random whole number of pixels, zeros moving in: the paper's random crop after zero padding.
 *
 * @param images - `[B, H, W, C]` or `[B, H, W]`.
 * @returns Same shape; the caller owns it.
 * @throws OverconfidenceError `INVALID_SHAPE` for another rank; `INVALID_OPTION` for `padding`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { randomCrop } from 'relu-overconfidence';
 *
 * console.log(randomCrop(tf.ones([2, 8, 8, 1]), { padding: 2, seed: 3 }).shape); // [ 2, 8, 8, 1 ]
 * ```
 */
export function randomCrop(images: tf.Tensor, options: RandomCropOptions = {}): tf.Tensor {
  checkKeys({ fn: 'randomCrop', argument: 'options' }, options, KEYS);
  const { padding = 4, ...random } = options;
  checkRank({ fn: 'randomCrop', argument: 'images' }, images, [3, 4]);
  checkWhole({ fn: 'randomCrop', argument: 'padding' }, padding, 0);
  const rng = resolveRng(random);
  const [count, ...size] = images.shape as [number, ...number[]];
  const { height, width, channels } = imageSize(size)!;
  return tf.tidy(() => {
    const around: [number, number] = [padding, padding];
    const padded = tf.pad(tf.reshape(images, [count, height, width, channels]), [[0, 0], around, around, [0, 0]]);
    const crops = Array.from({ length: count }, (_, i) => {
      const [top, left] = [rng.integer(2 * padding + 1), rng.integer(2 * padding + 1)];
      return tf.slice(padded, [i, top, left, 0], [1, height, width, channels]);
    });
    return tf.reshape(tf.concat(crops), images.shape);
  });
}
