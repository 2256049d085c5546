import * as tf from '@tensorflow/tfjs-core';

/** The largest bound on a difference of two logits, per example: `[B]` from `[B, K, K]`. */
export function largestDifference(differences: tf.Tensor3D): tf.Tensor1D {
  return tf.max<tf.Tensor1D>(differences, [1, 2]);
}

/** The loss of GOOD, `log(1 + d^2 / 2)`, per example. */
export function goodLoss(largest: tf.Tensor1D): tf.Tensor1D {
  return tf.log(tf.add<tf.Tensor1D>(1, tf.div(tf.square(largest), 2)));
}

/** The bound on the confidence, `max_k 1 / sum_j exp(-u_kj)`, per example: `[B]` from `[B, K, K]`. */
export function confidenceBounds(differences: tf.Tensor3D): tf.Tensor1D {
  return tf.exp(tf.max<tf.Tensor1D>(tf.neg(tf.logSumExp(tf.neg(differences), 2)), 1));
}

/** 1 for the `quantile` of a batch with the smallest numbers, 0 for the others; of equals the first counts as smaller. */
export function smallest(values: tf.Tensor1D, quantile: number): tf.Tensor1D {
  const count = values.shape[0];
  const [row, column] = [tf.expandDims(values, 1), tf.expandDims(values, 0)];
  const places = tf.range(0, count);
  const earlier = tf.less(tf.expandDims(places, 0), tf.expandDims(places, 1));
  const before = tf.logicalOr(tf.less(column, row), tf.logicalAnd(tf.equal(column, row), earlier));
  const rank = tf.sum(tf.cast(before, 'float32'), 1);
  return tf.cast(tf.less<tf.Tensor1D>(rank, Math.ceil(quantile * count)), 'float32');
}
