import * as tf from '@tensorflow/tfjs-core';

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
