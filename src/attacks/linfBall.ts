import * as tf from '@tensorflow/tfjs-core';
import type { AttackTask } from './prepareAttack';

/** The points of the box within epsilon of each image, which form a box of their own. */
export type LinfBall = tf.NamedTensorMap & { readonly low: tf.Tensor; readonly high: tf.Tensor };

/** The smallest and the largest value that each pixel may take; made once for an attack. */
export function linfBall({ center, epsilon, bounds: [low, high] }: AttackTask): LinfBall {
  return {
    low: tf.maximum(tf.sub(center, epsilon), low),
    high: tf.minimum(tf.add(center, epsilon), high),
  };
}

/** The nearest point of ball and box: what `projectLinf` makes of the result of `projectBox`, in two operations. */
export function projectLinfBall(x: tf.Tensor, { low, high }: LinfBall): tf.Tensor {
  return tf.maximum(tf.minimum(x, high), low);
}
