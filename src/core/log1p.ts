import * as tf from '@tensorflow/tfjs-core';

/**
 * log(1 + x) for x >= 0, accurate for small x too (Kahan's correction, as in Goldberg 1991, "What every computer
 * scientist should know about floating-point arithmetic", theorem 4). Older wasm backends have no Log1p kernel.
 */
export function log1p<T extends tf.Tensor>(x: T): T {
  const u = tf.add(1, x);
  const rounded = tf.sub(u, 1);
  return tf.where(tf.equal(rounded, 0), x, tf.mul(tf.log(u), tf.div(x, tf.maximum(rounded, 1e-8)))) as T;
}
