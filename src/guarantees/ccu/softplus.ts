import * as tf from '@tensorflow/tfjs-core';
import { log1p } from '../../core/log1p';

/** Below this logit the derivative is that at this logit. */
const DERIVATIVE_FROM = -60;

/**
 * `log(1 + e^a)` with small values exact to float32, and a derivative that never vanishes: `1 / (1 + e^-a)` is 0 in float32
 * below a = -104, where an attack could no longer see which way is up, so below -60 it stays at its value there, 9e-27.
 */
export function softplus(a: tf.Tensor2D): tf.Tensor2D {
  return tf.customGrad<tf.Tensor2D>((...inputs) => {
    const [x, save] = inputs as [tf.Tensor2D, tf.GradSaveFunc];
    save([x]);
    return {
      value: tf.add(tf.relu(x), log1p(tf.exp(tf.neg(tf.abs(x))))),
      gradFunc: (dy, saved) => tf.mul(dy, tf.sigmoid(tf.maximum(saved[0]!, DERIVATIVE_FROM))),
    };
  })(a);
}
