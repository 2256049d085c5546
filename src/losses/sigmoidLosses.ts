import * as tf from '@tensorflow/tfjs-core';
import { checkWhole } from '../core/check';
import { checkLabels, oneHot } from '../core/labels';
import { log1p } from '../core/log1p';
import { objectiveTo } from './crossEntropy';
import { checkLogits, predicted, withGradient } from './makeLoss';

/**
 * Cross entropy of each example under a head of K sigmoid units: `sum_k -log p_k` where the label says yes and
 * `-log(1 - p_k)` where it says no, `p_k = 1 / (1 + exp(-z_k))`. Its gradient with respect to the logits is `p - onehot(y)`
 * and stays accurate where a probability has rounded to 0 or 1.
 *
 * This is the negative log likelihood of all K answers; Keras's `binaryCrossentropy` is its mean over the units.
 *
 * @param logits - `[B, K]`, float32, before the sigmoids. Only the shape is checked: NaN logits give a NaN loss.
 * @param labels - Class indices `[B]` or `[B, 1]` (0, ..., K - 1, any dtype) or one-hot rows `[B, K]`; read once per call
 *   to check them (not on webgpu).
 * @returns `[B]`, in nats, >= 0; the caller owns it.
 * @throws OverconfidenceError as {@link crossEntropy}.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { binaryCrossEntropy } from 'relu-overconfidence';
 *
 * const loss = binaryCrossEntropy(tf.tensor2d([[0, 0]]), tf.tensor1d([1], 'int32'));
 * console.log(await loss.data()); // [ 1.386... ], which is 2 log 2
 * ```
 */
export function binaryCrossEntropy(logits: tf.Tensor2D, labels: tf.Tensor): tf.Tensor1D {
  checkLogits('binaryCrossEntropy', logits);
  const [batch, classes] = logits.shape;
  checkLabels({ fn: 'binaryCrossEntropy', argument: 'labels' }, labels, classes, batch);
  return tf.tidy(() => negativeLogLikelihood(logits, oneHot(labels, classes)));
}

/**
 * {@link binaryCrossEntropy} to fixed labels as a function of the logits alone: the objective of an adversarial-sample
 * attack on a model with a sigmoid for each class. Otherwise as {@link crossEntropyTo}.
 *
 * @param labels - Class indices `[B]` or `[B, 1]`, or one-hot rows `[B, classes]`, one for each row that will be attacked;
 *   used, not copied.
 * @param classes - Number of classes K >= 2 of the model.
 * @returns A function from logits `[B, K]` to `[B]`, in nats.
 * @throws OverconfidenceError as {@link crossEntropyTo}.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { binaryCrossEntropyTo } from 'relu-overconfidence';
 *
 * const objective = binaryCrossEntropyTo(tf.tensor1d([0], 'int32'), 2);
 * console.log(await objective(tf.tensor2d([[0, -1000]])).data()); // [ 0.693... ]
 * ```
 */
export function binaryCrossEntropyTo(labels: tf.Tensor, classes: number): (logits: tf.Tensor2D) => tf.Tensor1D {
  const fn = 'binaryCrossEntropyTo';
  checkWhole({ fn, argument: 'classes' }, classes, 2);
  checkLabels({ fn, argument: 'labels' }, labels, classes);
  return objectiveTo(fn, negativeLogLikelihood, { labels, classes, head: 'sigmoids' });
}

/**
 * The log-confidence of each example under a head of K sigmoid units, `max_k log p_k`: what {@link lpOut} is to a softmax.
 * Its gradient, `1 - p_k` for the first of the largest units, stays accurate where p_k has rounded to 1.
 *
 * @param logits - `[B, K]`, float32, before the sigmoids. Only the shape is checked: NaN logits give a NaN loss.
 * @returns `[B]`, in nats, <= 0; the caller owns it.
 * @throws OverconfidenceError as {@link lpOut}.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { maxLogSigmoid } from 'relu-overconfidence';
 *
 * console.log(await maxLogSigmoid(tf.tensor2d([[0, -3, -8]])).data()); // [ -0.693... ]
 * ```
 */
export function maxLogSigmoid(logits: tf.Tensor2D): tf.Tensor1D {
  checkLogits('maxLogSigmoid', logits);
  return tf.tidy(() =>
    withGradient(logits, (z) => {
      const largest = tf.max(z, 1, true);
      return {
        value: tf.neg(tf.squeeze<tf.Tensor1D>(softplus(tf.neg(largest)), [1])),
        gradient: tf.mul(predicted(z), tf.sigmoid(tf.neg(largest))),
      };
    }),
  );
}

/**
 * The largest logit of each example: under a head of K sigmoid units the log-odds `log(p / (1 - p))` of the likeliest
 * class, what {@link maxLogOdds} is to a softmax. Its gradient is 1 for the first of the largest units.
 *
 * @param logits - `[B, K]`, float32, before the sigmoids. Only the shape is checked: NaN logits give a NaN result.
 * @returns `[B]`, in nats; the caller owns it.
 * @throws OverconfidenceError as {@link maxLogOdds}.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { maxLogit } from 'relu-overconfidence';
 *
 * console.log(await maxLogit(tf.tensor2d([[-1, 2], [-4, -6]])).data()); // [ 2, -4 ]
 * ```
 */
export function maxLogit(logits: tf.Tensor2D): tf.Tensor1D {
  checkLogits('maxLogit', logits);
  return tf.tidy(() => withGradient(logits, (z) => ({ value: tf.max<tf.Tensor1D>(z, 1), gradient: predicted(z) })));
}

/** {@link binaryCrossEntropy} to one-hot rows; nothing is checked. */
export function negativeLogLikelihood(logits: tf.Tensor2D, chosen: tf.Tensor2D): tf.Tensor1D {
  return withGradient(logits, (z) => {
    const sign = tf.sub(1, tf.mul(2, chosen));
    const against = tf.mul(sign, z);
    return { value: tf.sum<tf.Tensor1D>(softplus(against), 1), gradient: tf.mul(sign, tf.sigmoid(against)) };
  });
}

/** {@link negativeLogLikelihood} of probabilities that need be neither 0 nor 1; nothing is checked. */
export function likelihoodOfProbabilities(logits: tf.Tensor2D, targets: tf.Tensor2D): tf.Tensor1D {
  return withGradient(logits, (z) => ({
    value: tf.sum<tf.Tensor1D>(tf.sub(softplus(z), tf.mul(z, targets)), 1),
    gradient: tf.sub(tf.sigmoid(z), targets),
  }));
}

/** log(1 + exp z), never overflowing. */
function softplus<T extends tf.Tensor>(z: T): T {
  return tf.add(tf.relu(z), log1p(tf.exp(tf.neg(tf.abs(z)))));
}
