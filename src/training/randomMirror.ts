import * as tf from '@tensorflow/tfjs-core';
import { checkKeys } from '../core/check';
import { checkRank } from '../core/checkTensor';
import { type RandomOptions, resolveRng } from '../core/resolveRng';

/**
 * Mirrors each image left to right with probability 1/2.
 *
 * @param images - `[B, H, W, C]` or `[B, H, W]`.
 * @returns Same shape; the caller owns it.
 * @throws OverconfidenceError `INVALID_SHAPE` for another rank.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { randomMirror } from 'relu-overconfidence';
 *
 * console.log(randomMirror(tf.ones([2, 8, 8, 3]), { seed: 3 }).shape); // [ 2, 8, 8, 3 ]
 * ```
 */
export function randomMirror(images: tf.Tensor, random: RandomOptions = {}): tf.Tensor {
  checkKeys({ fn: 'randomMirror', argument: 'options' }, random, { seed: true, rng: true });
  checkRank({ fn: 'randomMirror', argument: 'images' }, images, [3, 4]);
  const rng = resolveRng(random);
  const mirrored = Uint8Array.from({ length: images.shape[0]! }, () => rng.integer(2));
  return tf.tidy(() => {
    const choice = tf.reshape(tf.tensor1d(mirrored, 'bool'), [-1, ...images.shape.slice(1).fill(1)]);
    return tf.where(choice, tf.reverse(images, 2), images);
  });
}
