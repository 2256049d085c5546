import type * as tf from '@tensorflow/tfjs-core';
import { confidenceOf, rowLogOdds } from '../classifier/logOdds';
import { argMax, type ReadOptions, readLogits } from '../classifier/readLogits';
import type { ModelLike } from '../classifier/types';
import { checkFraction } from '../core/check';
import { checkKeys, type KeysOf } from '../core/checkKeys';

/** What a classifier with rejection answers: a class index, or 'unknown'. */
export type PredictionOrUnknown = number | 'unknown';

/** A classifier that may decline to answer; made by {@link withRejection}. */
export type RejectingClassifier = (x: tf.Tensor) => Promise<PredictionOrUnknown[]>;

const KEYS: KeysOf<ReadOptions> = { batchSize: true, memory: true, onProgress: true, signal: true };

/**
 * A classifier that answers "unknown" where its confidence is below a threshold.
 *
 * An image is accepted if its confidence is `>= threshold`, as in FPR@95. `thresholdAtTpr` of the confidences on
 * in-distribution images gives the threshold that keeps 95 % of them; a threshold of 0 (or up to 1 / K) rejects nothing.
 * For a plain ReLU network this rejects little far away from the data, where its confidence goes to 1 (Theorem 3.1 of
 * arXiv 1812.05720): train it with ACET or wrap it in a model with a guarantee first.
 *
 * @param model - A model; see {@link classifier}.
 * @param threshold - Lowest confidence (largest softmax probability) accepted, in [0, 1].
 * @returns A function from images `[B, ...inputShape]` (finite; may lie outside the bounds) to one answer per image; its
 *   promise is rejected with `INVALID_SHAPE`, `EMPTY_INPUT` or `NON_FINITE` for images that cannot be classified.
 * @throws OverconfidenceError `INVALID_OPTION` if `threshold` is outside [0, 1].
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { withRejection } from 'relu-overconfidence';
 *
 * const model = (x: tf.Tensor) => tf.mul(x, tf.tensor1d([1, -1])) as tf.Tensor2D;
 * const predict = withRejection(model, 0.8);
 * console.log(await predict(tf.tensor2d([[0.1, 0.1], [1, 1]]))); // [ 'unknown', 0 ]
 * ```
 */
export function withRejection(model: ModelLike, threshold: number, options: ReadOptions = {}): RejectingClassifier {
  checkFraction({ fn: 'withRejection', argument: 'threshold' }, threshold);
  checkKeys({ fn: 'withRejection', argument: 'options' }, options, KEYS);
  return async (x) => {
    const { values, classes, count, head } = await readLogits('withRejection', model, x, options);
    return Array.from({ length: count }, (_, row) => {
      const accepted = confidenceOf(rowLogOdds(values, row * classes, classes, head)) >= threshold;
      return accepted ? argMax(values, row * classes, classes) : 'unknown';
    });
  };
}
