import * as tf from '@tensorflow/tfjs-core';

/**
 * Wrapped models see inputs with every entry clipped to this size, so that float32 can hold what they compute: 2^100, 1.3e30.
 * Clipping shortens distances between points, so a bound over a ball around the clipped point holds for the ball.
 */
export const HORIZON = 2 ** 100;

/** The batch with every entry clipped. */
export function withinHorizon(x: tf.Tensor, horizon = HORIZON): tf.Tensor {
  return tf.clipByValue(x, -horizon, horizon);
}

/** A radius, or Infinity if no clipped point is that far from the centre in its farthest entry. */
export function radiusWithinHorizon(radius: number, centre: Float64Array, horizon = HORIZON): number {
  const offset = centre.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  return radius <= horizon - offset ? radius : Number.POSITIVE_INFINITY;
}
