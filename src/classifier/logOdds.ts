import { argMax, type Inputs, type ReadOptions, readLogitsAs } from './readLogits';
import type { Classifier, ModelLike } from './types';

/**
 * Log-odds of the predicted class, `z_k - log sum_{j != k} exp z_j` with k the class of the largest logit: a confidence
 * that never saturates. Float32 confidences are exactly 1 from a margin of about 17 on and tie; log-odds still rank.
 *
 * With a sigmoid for each class the largest logit itself. Computed in float64 from the float32 logits. `confidence = 1 / (1 + exp(-logOdds))`, so 0 means a confidence of 1/2.
 *
 * @param model - A model; see {@link classifier}.
 * @param x - `[B, ...inputShape]`, finite; may lie outside the classifier's bounds. Or batches of such one after the other: a
 *   tf.data Dataset or an async iterable of tensors, of `{ x, y }` or `{ xs, ys }`; the batches are taken over and disposed.
 * @returns One number per row.
 * @throws OverconfidenceError `INVALID_SHAPE`, `EMPTY_INPUT` or `NON_FINITE` for `x`; `NON_FINITE` for `model` if its
 *   logits are not finite; `INVALID_OPTION` for `batchSize`; `ABORTED`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { logOdds } from 'relu-overconfidence';
 *
 * const model = (x: tf.Tensor) => tf.mul(x, tf.tensor1d([1, -1])) as tf.Tensor2D;
 * console.log(await logOdds(model, tf.tensor2d([[40, 40]]))); // Float64Array [ 80 ]
 * ```
 */
export async function logOdds(model: ModelLike, x: Inputs, options: ReadOptions = {}): Promise<Float64Array> {
  const { values, classes, count, head } = await readLogitsAs('logOdds', model, x, options);
  return Float64Array.from({ length: count }, (_, row) => rowLogOdds(values, row * classes, classes, head));
}

/** Log-odds of the largest of the `classes` logits that start at `offset`; of a head of sigmoids that logit itself. */
export function rowLogOdds(
  values: ArrayLike<number>,
  offset: number,
  classes: number,
  head: NonNullable<Classifier['head']>,
): number {
  const k = argMax(values, offset, classes);
  if (head === 'sigmoids') return values[offset + k]!;
  let second = -Infinity;
  for (let j = 0; j < classes; j++) if (j !== k) second = Math.max(second, values[offset + j]!);
  let sum = 0;
  for (let j = 0; j < classes; j++) if (j !== k) sum += Math.exp(values[offset + j]! - second);
  return values[offset + k]! - second - Math.log(sum);
}

/** The confidence that belongs to the log-odds of the predicted class. */
export function confidenceOf(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}
