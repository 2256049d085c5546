import * as tf from '@tensorflow/tfjs-core';
import { roundoff } from '../growth/roundoff';

/**
 * `log p_k = log(s(g) p_k(x) + s(-g) / K)`, s the logistic function: the model's probabilities where g says "in", uniform ones
 * where it says "out"; `[B, K]`, which is also its own logits. Runs in a tidy.
 */
export function jointLogits(logits: tf.Tensor2D, scores: tf.Tensor1D): tf.Tensor2D {
  const column = (values: tf.Tensor1D) => tf.expandDims(values, 1);
  const inside = tf.add(column(logSigmoid(scores)), tf.logSoftmax(logits));
  const uniform = tf.sub(column(logSigmoid(tf.neg(scores))), Math.log(logits.shape[1]));
  const outside = tf.add(tf.zerosLike(logits), uniform);
  return tf.logSumExp(tf.stack([inside, outside], 2), 2) as tf.Tensor2D;
}

/** The logarithm of the logistic function, `-log(1 + exp(-g))`. */
export function logSigmoid(g: tf.Tensor1D): tf.Tensor1D {
  return tf.neg(tf.logSumExp(tf.stack([tf.zerosLike(g), tf.neg(g)], 1), 1) as tf.Tensor1D);
}

/**
 * The largest confidence that a score of at most `most` allows, `s + (1 - s) / K`, and what float32 makes of it: the entries of
 * {@link jointLogits} that count are of size `log K + log(1 + e^g) + 1` at most, and are off by a few roundings of that.
 */
export function largestJointConfidence(classes: number, most: number): number {
  const s = 1 / (1 + Math.exp(-most));
  return Math.min(1, (s + (1 - s) / classes) * slack(classes, most));
}

/** The score up to which {@link largestJointConfidence} is at most `confidence`; -Infinity where rounding takes all. */
export function scoreForConfidence(classes: number, confidence: number): number {
  if (confidence >= 1) return Number.POSITIVE_INFINITY;
  // The slack grows with the score; at this score s is `confidence` or more, so at the one looked for it is no larger.
  const most = Math.log(confidence / (1 - confidence));
  const s = (confidence / slack(classes, most) - 1 / classes) / (1 - 1 / classes);
  return s > 0 ? Math.log(s / (1 - s)) : Number.NEGATIVE_INFINITY;
}

function slack(classes: number, most: number): number {
  const size = Math.log(classes) + Math.log1p(Math.exp(-Math.abs(most))) + Math.max(0, most) + 1;
  return Math.exp(2 * roundoff(10) * size);
}
