import * as tf from '@tensorflow/tfjs-core';
import { refuse, show } from '../core/check';
import { checkRank } from '../core/checkTensor';
import { oneHot } from '../core/labels';

/** A per-example loss and its gradient with respect to the example's own logits. */
export interface LossAndGradient {
  /** `[B]`. */
  readonly value: tf.Tensor1D;
  /** `[B, K]`. */
  readonly gradient: tf.Tensor2D;
}

/** Makes a differentiable loss of one whose gradient is written down rather than derived from the operations. */
export function withGradient(logits: tf.Tensor2D, compute: (logits: tf.Tensor2D) => LossAndGradient): tf.Tensor1D {
  return tf.customGrad<tf.Tensor1D>((...inputs) => {
    const [z, save] = inputs as [tf.Tensor2D, tf.GradSaveFunc];
    const { value, gradient } = compute(z);
    save([gradient]);
    return { value, gradFunc: (dy, saved) => tf.mul(tf.expandDims(dy, 1), saved[0]!) };
  })(logits);
}

/** One-hot rows `[B, K]` of the class with the largest logit; of several tied classes the first. */
export function predicted(logits: tf.Tensor2D): tf.Tensor2D {
  return oneHot(tf.argMax(logits, 1), logits.shape[1]);
}

/**
 * A float32 batch of logits `[B, K]` with B >= 1 and K >= 2. Values are not read: losses run inside the loops of attacks
 * and of training, where waiting for the device would cost more than the loss itself.
 */
export function checkLogits(fn: string, logits: tf.Tensor): void {
  const where = { fn, argument: 'logits' };
  checkRank(where, logits, 2);
  const [batch, classes] = logits.shape as [number, number];
  if (batch === 0)
    refuse(where, 'EMPTY_INPUT', 'at least one example', `shape [0, ${classes}]`, 'Pass one row or more.');
  if (classes < 2)
    refuse(
      where,
      'INVALID_SHAPE',
      'of shape [B, K] with K >= 2',
      `shape [${logits.shape.join(', ')}]`,
      'Use two logits.',
    );
  if (logits.dtype !== 'float32')
    refuse(where, 'INVALID_ARGUMENT', 'a float32 tensor', show(logits.dtype), "Convert it with tf.cast(x, 'float32').");
}
