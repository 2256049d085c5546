import * as tf from '@tensorflow/tfjs-core';

/** `max(x, least)` with the gradient of x everywhere, so that an attack still sees which way is up where x is too small. */
export function raise(x: tf.Tensor, least: number): tf.Tensor {
  return tf.customGrad((...inputs) => {
    const [value] = inputs as [tf.Tensor];
    return { value: tf.maximum(value, least), gradFunc: (dy) => dy };
  })(x);
}
