import * as tf from '@tensorflow/tfjs-core';
import type { Where } from '../../core/check';
import { checkInBounds } from '../../core/checkTensor';
import type { Rng } from '../../core/rng';
import { paperNoise } from '../../noise/paperNoise';

/** As much of the paper's noise as there are inputs; inputs that are neither images nor vectors are taken as vectors. */
export function noiseLike(where: Where, x: tf.Tensor, bounds: readonly [number, number], rng: Rng): tf.Tensor {
  checkInBounds(where, x, bounds);
  return tf.tidy(() => {
    const images = x.rank === 4 ? x : tf.reshape(x, [x.shape[0]!, -1]);
    return tf.reshape(paperNoise(images, { rng, bounds }), x.shape);
  });
}
