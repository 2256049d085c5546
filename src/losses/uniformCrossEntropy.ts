import * as tf from '@tensorflow/tfjs-core';
import { checkLogits } from './makeLoss';

/**
 * Cross entropy of each example to the uniform distribution: `-(1/K) sum_k log softmax_k(z)`, least (log K) where all
 * classes are equally likely.
 *
 * This is the loss of Outlier Exposure (Hendrycks, Mazeika and Dietterich, ICLR 2019), an alternative to {@link lpOut}
 * on the out-distribution: it pulls every class towards 1/K where `lpOut` presses on the largest one.
 *
 * @param logits - `[B, K]`, float32. Only the shape is checked: NaN logits give a NaN loss.
 * @returns `[B]`, in nats, >= log K; the caller owns it.
 * @throws OverconfidenceError `INVALID_SHAPE` unless `[B, K]` with K >= 2; `EMPTY_INPUT` for no rows;
 *   `INVALID_ARGUMENT` if not a float32 tensor.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { uniformCrossEntropy } from 'relu-overconfidence';
 *
 * const loss = uniformCrossEntropy(tf.tensor2d([[0, 0], [4, 0]]));
 * console.log(await loss.data()); // [ 0.693..., 2.018... ]
 * ```
 */
export function uniformCrossEntropy(logits: tf.Tensor2D): tf.Tensor1D {
  checkLogits('uniformCrossEntropy', logits);
  return tf.tidy(() => tf.neg(tf.mean<tf.Tensor1D>(tf.logSoftmax(logits), 1)));
}
