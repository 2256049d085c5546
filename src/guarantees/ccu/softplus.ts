import * as tf from '@tensorflow/tfjs-core';
import { log1p } from '../../core/log1p';

/** `log(1 + e^a)`, with small values exact to float32. */
export function softplus(a: tf.Tensor): tf.Tensor2D {
  return tf.customGrad<tf.Tensor2D>((...inputs) => {
    const [x, save] = inputs as [tf.Tensor2D, tf.GradSaveFunc];
    save([x]);
    return {
      value: tf.add(tf.relu(x), log1p(tf.exp(tf.neg(tf.abs(x))))),
      gradFunc: (dy, saved) => tf.mul(dy, tf.sigmoid(saved[0]!)),
    };
  })(a);
}
