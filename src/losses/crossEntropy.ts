import * as tf from '@tensorflow/tfjs-core';
import { checkWhole } from '../core/check';
import { checkLabels, oneHot } from '../core/labels';
import { log1p } from '../core/log1p';
import { checkLogits, type LossAndGradient, predicted, withGradient } from './makeLoss';

/**
 * Cross entropy of each example: `-log softmax_y(z) = logsumexp(z) - z_y`, the first term of equation (1) of arXiv
 * 1812.05720. Its gradient with respect to the logits is `softmax - onehot(y)`.
 *
 * The labels are read once per call to check them (not on webgpu). Inside an attack use {@link crossEntropyTo}, which
 * checks before the loop begins.
 *
 * @param logits - `[B, K]`, float32. Only the shape is checked: NaN logits give a NaN loss.
 * @param labels - Class indices `[B]` or `[B, 1]` (0, ..., K - 1, any dtype) or one-hot rows `[B, K]`.
 * @returns `[B]`, in nats, >= 0; the caller owns it.
 * @throws OverconfidenceError `INVALID_LABELS` if an index is out of range or not whole, or a row is not one-hot;
 *   `INVALID_SHAPE` if logits or labels have another shape; `EMPTY_INPUT` for no rows; `INVALID_ARGUMENT` if the logits
 *   are not a float32 tensor.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { crossEntropy } from 'relu-overconfidence';
 *
 * const loss = crossEntropy(tf.tensor2d([[0, 0], [3, 0]]), tf.tensor1d([1, 0], 'int32'));
 * console.log(await loss.data()); // [ 0.693..., 0.0485... ]
 * ```
 */
export function crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor): tf.Tensor1D {
  checkLogits('crossEntropy', logits);
  const [batch, classes] = logits.shape;
  checkLabels({ fn: 'crossEntropy', argument: 'labels' }, labels, classes, batch);
  return tf.tidy(() => negativeLogProbability(logits, oneHot(labels, classes)));
}

/**
 * Cross entropy to fixed labels as a function of the logits alone: the objective of an adversarial-sample attack.
 *
 * The labels are checked here, once, so that the attack's loop reads nothing back. They are used, not copied: keep the
 * tensor alive for as long as the returned function is called. Negate the result for an attack towards a target class.
 *
 * @param labels - Class indices `[B]` or `[B, 1]`, or one-hot rows `[B, classes]`, one for each row that will be attacked.
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
  return objectiveTo(fn, negativeLogProbability, { labels, classes, head: 'softmax' });
}

/** What the objectives made here were made from. */
const madeFrom = new WeakMap<object, LabelsOfObjective>();

/** The arguments of a call of {@link crossEntropyTo} or, for a head of sigmoids, of `binaryCrossEntropyTo`. */
export interface LabelsOfObjective {
  readonly labels: tf.Tensor;
  readonly classes: number;
  readonly head: 'softmax' | 'sigmoids';
}

/** The labels behind an objective, so that it can be made again in another thread; `undefined` for other objectives. */
export function labelsOfObjective(objective: object): LabelsOfObjective | undefined {
  return madeFrom.get(objective);
}

/** A loss of logits and one-hot rows as a function of the logits alone. */
export function objectiveTo(
  fn: string,
  loss: (logits: tf.Tensor2D, chosen: tf.Tensor2D) => tf.Tensor1D,
  made: LabelsOfObjective,
): (logits: tf.Tensor2D) => tf.Tensor1D {
  const objective = (logits: tf.Tensor2D) => {
    checkLogits(fn, logits);
    return tf.tidy(() => loss(logits, oneHot(made.labels, made.classes)));
  };
  madeFrom.set(objective, made);
  return objective;
}

/**
 * `-log softmax_y` of one chosen class per row, with the gradient `softmax - onehot(y)`; nothing is checked.
 *
 * Everything is built from the classes other than the chosen or the largest one, never from `1 - p`: in float32 that
 * difference is exactly 0 from a margin of about 17 on, and an attack on a saturated network would see no gradient.
 */
export function negativeLogProbability(logits: tf.Tensor2D, chosen: tf.Tensor2D): tf.Tensor1D {
  return withGradient(logits, (z) => compute(z, chosen));
}

/**
 * Cross entropy to probabilities `t` that need not be one-hot, `logsumexp(z) - sum_k t_k z_k`, with the gradient
 * `softmax(z) - t`; nothing is checked.
 */
export function crossEntropyToProbabilities(logits: tf.Tensor2D, targets: tf.Tensor2D): tf.Tensor1D {
  return withGradient(logits, (z) => ({
    value: tf.sub(tf.logSumExp<tf.Tensor1D>(z, 1), tf.sum(tf.mul(z, targets), 1)),
    gradient: tf.sub(tf.softmax(z), targets),
  }));
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
