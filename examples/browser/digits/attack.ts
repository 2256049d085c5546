import * as tf from '@tensorflow/tfjs-core';
import { type ModelLike, pgdLinf } from 'relu-overconfidence';

/** Radius of the ball around noise, in units of the pixels: in the training of ACET, and of the attack in the page. */
export const EPSILON = 0.3;

/** The point within {@link EPSILON} of each noise image where a classifier is as sure as the attack can make it. */
export function adversarialNoise(model: ModelLike, noise: tf.Tensor, seed: number): tf.Tensor {
  const { adversarial, objective } = pgdLinf(model, noise, { epsilon: EPSILON, steps: 60, stepSize: 0.02, seed });
  tf.dispose(objective);
  return adversarial;
}
