import * as tf from '@tensorflow/tfjs-core';
import { checkWhole } from '../core/check';
import { checkLabels, oneHot } from '../core/labels';
import { checkLogits } from './checkLogits';
import { negativeLogProbability } from './negativeLogProbability';

/** What the functions that {@link crossEntropyTo} returned were made from. */
const madeFrom = new WeakMap<object, LabelsOfObjective>();

/** The arguments of a call of {@link crossEntropyTo}. */
export interface LabelsOfObjective {
  readonly labels: tf.Tensor;
  readonly classes: number;
}

/** The labels behind an objective, so that it can be made again in another thread; `undefined` for other objectives. */
export function labelsOfObjective(objective: object): LabelsOfObjective | undefined {
  return madeFrom.get(objective);
}

/**
 * Cross entropy to fixed labels as a function of the logits alone: the objective of an adversarial-sample attack.
 *
 * The labels are checked here, once, so that the attack's loop reads nothing back. They are used, not copied: keep the
 * tensor alive for as long as the returned function is called. Negate the result for an attack towards a target class.
 *
 * @param labels - Class indices `[B]` or one-hot rows `[B, classes]`, one for each row that will be attacked.
 * @param classes - Number of classes K >= 2 of the model.
 * @returns A function from logits `[B, K]` to `[B]`, in nats; see {@link crossEntropy}.
 * @throws OverconfidenceError `INVALID_LABELS` if an index is out of range or not whole, or a row is not one-hot;
 *   `INVALID_SHAPE` for labels of another shape; `INVALID_OPTION` if `classes` is not a whole number >= 2.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-layers';
 * import { tensor1d, tensor2d } from '@tensorflow/tfjs-core';
 * import { crossEntropyTo, pgdLinf } from 'relu-overconfidence';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 3 })] });
 * const objective = crossEntropyTo(tensor1d([2], 'int32'), 3);
 * const { adversarial } = pgdLinf(model, tensor2d([[0.2, 0.7]]), { epsilon: 0.1, steps: 5, objective });
 * console.log(adversarial.shape); // [ 1, 2 ]
 * ```
 */
export function crossEntropyTo(labels: tf.Tensor, classes: number): (logits: tf.Tensor2D) => tf.Tensor1D {
  const fn = 'crossEntropyTo';
  checkWhole({ fn, argument: 'classes' }, classes, 2);
  checkLabels({ fn, argument: 'labels' }, labels, classes);
  const objective = (logits: tf.Tensor2D) => {
    checkLogits(fn, logits);
    return tf.tidy(() => negativeLogProbability(logits, oneHot(labels, classes)));
  };
  madeFrom.set(objective, { labels, classes });
  return objective;
}
