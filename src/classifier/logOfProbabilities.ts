import * as tf from '@tensorflow/tfjs-core';

/** Smallest normal float32; a probability of zero becomes the finite log-probability -87.3. */
const TINY = 2 ** -126;

/** Log-probabilities, which are logits up to a constant per row and give the same softmax. */
export function logOfProbabilities(probabilities: tf.Tensor): tf.Tensor {
  return tf.log(tf.maximum(probabilities, TINY));
}
