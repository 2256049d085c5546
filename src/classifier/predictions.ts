import { argMax, type Inputs, type ReadOptions, readLogitsAs } from './readLogits';
import type { ModelLike } from './types';

/**
 * Predicted class per row: the index of the largest logit, the first of equals.
 *
 * @param model - A model; see {@link classifier}.
 * @param x - `[B, ...inputShape]`, finite; may lie outside the classifier's bounds. Or batches of such one after the other: a
 *   tf.data Dataset or an async iterable of tensors, of `{ x, y }` or `{ xs, ys }`; the batches are taken over and disposed.
 * @returns One class index in {0, ..., K - 1} per row.
 * @throws OverconfidenceError `INVALID_SHAPE`, `EMPTY_INPUT` or `NON_FINITE` for `x`; `NON_FINITE` for `model` if its
 *   logits are not finite; `INVALID_OPTION` for `batchSize`; `ABORTED`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { predictions } from 'relu-overconfidence';
 *
 * const model = (x: tf.Tensor) => tf.mul(x, tf.tensor1d([1, -1])) as tf.Tensor2D;
 * console.log(await predictions(model, tf.tensor2d([[-1, -1], [1, 1]]))); // Int32Array [ 1, 0 ]
 * ```
 */
export async function predictions(model: ModelLike, x: Inputs, options: ReadOptions = {}): Promise<Int32Array> {
  const { values, classes, count } = await readLogitsAs('predictions', model, x, options);
  return Int32Array.from({ length: count }, (_, row) => argMax(values, row * classes, classes));
}
