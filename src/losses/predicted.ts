import * as tf from '@tensorflow/tfjs-core';
import { oneHot } from '../core/labels';

/** One-hot rows `[B, K]` of the class with the largest logit; of several tied classes the first. */
export function predicted(logits: tf.Tensor2D): tf.Tensor2D {
  return oneHot(tf.argMax(logits, 1), logits.shape[1]);
}
