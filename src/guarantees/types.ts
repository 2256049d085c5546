import type * as tf from '@tensorflow/tfjs-core';
import type { Classifier } from '../classifier/types';

/**
 * A classifier together with what it guarantees about itself, so that a test can contradict it. Its variables are those of
 * the wrapped model and what the wrapper added.
 */
export interface GuaranteedClassifier extends Classifier {
  /**
   * An upper bound on the confidence (largest softmax probability) of every point within a Euclidean distance of x, safe
   * under rounding. It is never above 1 and need not be tight. It is about the softmax in float64 of the float32 logits, as
   * `confidences` takes it; one in float32 rounds by a few millionths more.
   *
   * @param x - `[B, ...inputShape]`, float32; need not lie in `bounds`. Stays the caller's.
   * @param radius - Euclidean radius of the ball around each x, in input units, >= 0.
   * @returns One bound per row of x, in [1/K, 1].
   */
  confidenceBound(x: tf.Tensor, radius: number): Promise<Float64Array>;
  /**
   * A Euclidean distance from `centre` beyond which every confidence is at most 1/K + epsilon; `Infinity` when the method
   * promises no such distance.
   *
   * @param epsilon - Distance from 1/K, > 0.
   */
  farAwayRadius(epsilon: number): number;
  /** What the confidence along any ray is at most in the limit: 1/K when the method forgets every direction. */
  readonly asymptote: number;
  /** Where distances of `farAwayRadius` are measured from, flat float64, as long as one input. */
  readonly centre: Float64Array;
}
