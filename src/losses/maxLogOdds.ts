import * as tf from '@tensorflow/tfjs-core';
import { checkLogits, type LossAndGradient, predicted, withGradient } from './makeLoss';

/**
 * Log-odds of the predicted class of each example: `z_k - log sum_{j != k} exp z_j` with k the class of the largest
 * logit.
 *
 * A rising function of the confidence, `log(p / (1 - p))`, that never saturates: its gradient,
 * `onehot(k) - softmax over the other classes`, keeps its size where the confidence has rounded to 1. That makes it the
 * better objective for attacks on networks that are confident already. Of several tied classes the first is k.
 *
 * @param logits - `[B, K]`, float32. Only the shape is checked: NaN logits give a NaN result.
 * @returns `[B]`, in nats, >= -log(K - 1); the caller owns it.
 * @throws OverconfidenceError `INVALID_SHAPE` unless `[B, K]` with K >= 2; `EMPTY_INPUT` for no rows;
 *   `INVALID_ARGUMENT` if not a float32 tensor.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { maxLogOdds } from 'relu-overconfidence';
 *
 * const odds = maxLogOdds(tf.tensor2d([[100, 0], [0, 0]]));
 * console.log(await odds.data()); // [ 100, 0 ]
 * ```
 */
export function maxLogOdds(logits: tf.Tensor2D): tf.Tensor1D {
  checkLogits('maxLogOdds', logits);
  return tf.tidy(() => withGradient(logits, compute));
}

function compute(z: tf.Tensor2D): LossAndGradient {
  const top = predicted(z);
  const shifted = tf.sub(z, tf.max(z, 1, true));
  const rest = tf.where(tf.greater(top, 0), tf.scalar(Number.NEGATIVE_INFINITY), shifted);
  const second = tf.max(rest, 1, true);
  const exp = tf.exp(tf.sub(rest, second));
  const sum = tf.sum(exp, 1, true);
  return {
    value: tf.sub(0, tf.squeeze<tf.Tensor1D>(tf.add(second, tf.log(sum)), [1])),
    gradient: tf.sub(top, tf.div(exp, sum)),
  };
}
