import * as tf from '@tensorflow/tfjs-core';

/**
 * -1, 0 or 1, by comparisons, which are exact on every backend: the Sign kernel of the wasm backend takes everything smaller than
 * about 1e-6 for zero, and an attack on a saturated network, whose gradients are that small, would stand still. NaN gives 0.
 */
export function sign<T extends tf.Tensor>(x: T): T {
  const positive = tf.cast(tf.greater(x, 0), 'float32');
  const negative = tf.cast(tf.less(x, 0), 'float32');
  return tf.sub(positive, negative) as T;
}
