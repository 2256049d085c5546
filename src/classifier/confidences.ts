import { confidenceOf, rowLogOdds } from './logOdds';
import { type Inputs, type ReadOptions, readLogitsAs } from './readLogits';
import type { ModelLike } from './types';

/**
 * Confidence of a classifier, the largest softmax probability `max_k exp(z_k) / sum_j exp(z_j)`, per row; with a
 * sigmoid for each class the largest of their probabilities.
 *
 * Computed in float64 from the log-odds of the float32 logits, in inference mode, batch by batch.
 *
 * @param model - A model; see {@link classifier}.
 * @param x - `[B, ...inputShape]`, finite; may lie outside the classifier's bounds. Or batches of such one after the other: a
 *   tf.data Dataset or an async iterable of tensors, of `{ x, y }` or `{ xs, ys }`; the batches are taken over and disposed.
 * @returns One number in [1/K, 1] per row; in [0, 1] with a sigmoid for each class.
 * @throws OverconfidenceError `INVALID_SHAPE`, `EMPTY_INPUT` or `NON_FINITE` for `x`; `NON_FINITE` for `model` if its
 *   logits are not finite; `INVALID_OPTION` for `batchSize`; `ABORTED`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { confidences } from 'relu-overconfidence';
 *
 * const model = (x: tf.Tensor) => tf.mul(x, tf.tensor1d([1, -1])) as tf.Tensor2D;
 * console.log(await confidences(model, tf.tensor2d([[0, 0], [1, 1]]))); // Float64Array [ 0.5, 0.8807970779778823 ]
 * ```
 */
export async function confidences(model: ModelLike, x: Inputs, options: ReadOptions = {}): Promise<Float64Array> {
  const { values, classes, count, head } = await readLogitsAs('confidences', model, x, options);
  return Float64Array.from({ length: count }, (_, row) =>
    confidenceOf(rowLogOdds(values, row * classes, classes, head)),
  );
}
