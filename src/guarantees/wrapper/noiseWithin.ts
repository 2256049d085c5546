import * as tf from '@tensorflow/tfjs-core';
import type { NoiseSampler } from '../../noise/noiseSampler';
import { paperSampler } from '../../noise/paperSampler';

/** The paper's noise in the box of valid inputs; inputs that are neither images nor vectors are taken as vectors. */
export function noiseWithin(bounds: readonly [number, number]): NoiseSampler {
  const sampler = paperSampler({ bounds });
  return (x, rng) =>
    tf.tidy(() => {
      const images = x.rank === 4 ? x : tf.reshape(x, [x.shape[0]!, -1]);
      return tf.reshape(sampler(images, rng), x.shape);
    });
}
