import * as tf from '@tensorflow/tfjs-core';

/** One-hot rows `[B, K]` of the class with the largest logit; of several tied classes the first. */
export function predicted(logits: tf.Tensor2D): tf.Tensor2D {
  return oneHot(tf.argMax(logits, 1), logits.shape[1]);
}

/** One-hot float32 rows of class indices; rows that are one-hot already are only cast. */
export function oneHot(labels: tf.Tensor, classes: number): tf.Tensor2D {
  if (labels.rank === 2) return tf.cast(labels as tf.Tensor2D, 'float32');
  return tf.cast(tf.oneHot(tf.cast(labels as tf.Tensor1D, 'int32'), classes) as tf.Tensor2D, 'float32');
}
