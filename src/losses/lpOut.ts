import * as tf from '@tensorflow/tfjs-core';
import { log1p } from '../core/log1p';
import { checkLogits, type LossAndGradient, predicted, withGradient } from './makeLoss';

/**
 * The paper's loss on the out-distribution, the log-confidence of each example: equation (2) of arXiv 1812.05720,
 *
 * `L_pout(f, z) = max_l log( exp f_l(z) / sum_k exp f_k(z) )`, a number in [-log K, 0].
 *
 * CEDA minimises it on noise, an attack maximises it. Its gradient with respect to the logits is
 * `onehot(argmax) - softmax`: it runs through one class, the first of several tied ones. (The derivative that tfjs gives
 * for `max` passes through every tied class at once; at exactly uniform logits those sum to zero and an attack stalls.)
 * The gradient stays accurate where the confidence has rounded to 1.
 *
 * @param logits - `[B, K]`, float32. Only the shape is checked, so that nothing is read back inside an attack: NaN logits
 *   give a NaN loss.
 * @returns `[B]`, in nats; the caller owns it.
 * @throws OverconfidenceError `INVALID_SHAPE` unless `[B, K]` with K >= 2; `EMPTY_INPUT` for no rows;
 *   `INVALID_ARGUMENT` if not a float32 tensor.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { lpOut } from 'relu-overconfidence';
 *
 * const loss = lpOut(tf.tensor2d([[0, 0, 0, 0]]));
 * console.log(await loss.data()); // [ -1.386... ], which is -log 4: no class is preferred
 * ```
 */
export function lpOut(logits: tf.Tensor2D): tf.Tensor1D {
  checkLogits('lpOut', logits);
  return tf.tidy(() => withGradient(logits, compute));
}

/** As in `negativeLogProbability`, but simpler: the chosen class is the largest one, whose shifted logit is zero. */
function compute(z: tf.Tensor2D): LossAndGradient {
  const top = predicted(z);
  const rest = tf.mul(tf.exp(tf.sub(z, tf.max(z, 1, true))), tf.sub(1, top));
  const belowTop = tf.sum(rest, 1, true);
  const others = tf.div(rest, tf.add(1, belowTop));
  return {
    value: tf.neg(tf.squeeze<tf.Tensor1D>(log1p(belowTop), [1])),
    gradient: tf.sub(tf.mul(top, tf.sum(others, 1, true)), others),
  };
}
