import * as tf from '@tensorflow/tfjs-core';
import { log1p } from '../core/log1p';
import { predicted } from './predicted';
import { type LossAndGradient, withGradient } from './withGradient';

/**
 * `-log softmax_y` of one chosen class per row, with the gradient `softmax - onehot(y)`; nothing is checked.
 *
 * Everything is built from the classes other than the chosen or the largest one, never from `1 - p`: in float32 that
 * difference is exactly 0 from a margin of about 17 on, and an attack on a saturated network would see no gradient.
 */
export function negativeLogProbability(logits: tf.Tensor2D, chosen: tf.Tensor2D): tf.Tensor1D {
  return withGradient(logits, (z) => compute(z, chosen));
}

function compute(z: tf.Tensor2D, chosen: tf.Tensor2D): LossAndGradient {
  const shifted = tf.sub(z, tf.max(z, 1, true));
  const exp = tf.exp(shifted);
  const belowTop = tf.sum(tf.mul(exp, tf.sub(1, predicted(z))), 1, true);
  const others = tf.div(tf.mul(exp, tf.sub(1, chosen)), tf.add(1, belowTop));
  const chosenLogit = tf.sum(tf.mul(shifted, chosen), 1, true);
  return {
    value: tf.squeeze<tf.Tensor1D>(tf.sub(log1p(belowTop), chosenLogit), [1]),
    gradient: tf.sub(others, tf.mul(chosen, tf.sum(others, 1, true))),
  };
}
