import type * as tf from '@tensorflow/tfjs-core';
import { confidenceOf, rowLogOdds } from '../classifier/logOdds';
import { argMax, type ReadOptions, readLogits } from '../classifier/readLogits';
import type { ModelLike } from '../classifier/types';
import { checkFraction, checkKeys, type KeysOf } from '../core/check';
import { between, labelsOf, type Prediction, probabilitiesOf } from '../detectors/withUnknown';

/** A classifier that may decline to answer; made by {@link withRejection}. */
export type RejectingClassifier = (x: tf.Tensor) => Promise<Prediction[]>;

const KEYS: KeysOf<ReadOptions> = { batchSize: true, memory: true, onProgress: true, signal: true };

/**
 * A classifier that answers "unknown" where its confidence is below a threshold.
 *
 * An image is accepted if its confidence is `>= threshold`, as in FPR@95. `thresholdAtTpr` of the confidences on
 * in-distribution images gives the threshold that keeps 95 % of them; a threshold of 0 (or up to 1 / K) rejects nothing.
 * The answers are those of `withUnknown` of `/detectors`, the score being the confidence itself, without a p-value.
 * For a plain ReLU network this rejects little far away from the data, where its confidence goes to 1 (Theorem 3.1 of
 * arXiv 1812.05720): train it with ACET or wrap it in a model with a guarantee first.
 *
 * @param model - A model; see {@link classifier}.
 * @param threshold - Lowest confidence (largest softmax probability) accepted, in [0, 1].
 * @returns A function from images `[B, ...inputShape]` (finite; may lie outside the bounds) to one prediction per image; its
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
 * const [unsure, sure] = await predict(tf.tensor2d([[0.1, 0.1], [1, 1]]));
 * console.log(unsure!.label, '-', unsure!.reason); // unknown - it lies between the classes 0 and 1
 * console.log(sure!.label, sure!.confidence.toFixed(2)); // 0 0.88
 * ```
 */
export function withRejection(model: ModelLike, threshold: number, options: ReadOptions = {}): RejectingClassifier {
  checkFraction({ fn: 'withRejection', argument: 'threshold' }, threshold);
  checkKeys({ fn: 'withRejection', argument: 'options' }, options, KEYS);
  const labels = labelsOf(model);
  const nameOf = (k: number) => labels?.[k] ?? String(k);
  return async (x) => {
    const { values, classes, count, head } = await readLogits('withRejection', model, x, options);
    return Array.from({ length: count }, (_, row): Prediction => {
      const index = argMax(values, row * classes, classes);
      const confidence = confidenceOf(rowLogOdds(values, row * classes, classes, head));
      const p = probabilitiesOf(new Float64Array(values.subarray(row * classes, (row + 1) * classes)), head);
      const accepted = confidence >= threshold;
      return {
        label: accepted ? nameOf(index) : 'unknown',
        index,
        confidence,
        probabilities: p,
        score: confidence,
        pValue: Number.NaN,
        reason: accepted ? 'the model is sure enough' : (between(p, head, nameOf) ?? 'the model is not sure enough'),
      };
    });
  };
}
