import * as tf from '@tensorflow/tfjs-core';

/**
 * Wrapped models see inputs with every entry clipped to this size or less, so that float32 can hold what they compute: 2^100, 1.3e30.
 * Clipping shortens distances between points, so a bound over a ball around the clipped point holds for the ball.
 */
export const HORIZON = 2 ** 100;

/** However fast a network grows, no entry smaller than this is clipped. */
const LEAST_HORIZON = 2 ** 20;

/** The largest power of two such that no input with entries up to it is farther than `reach` from the centre, within limits. */
export function horizonWithin(reach: number, centre: Float64Array): number {
  const entry = reach / Math.sqrt(centre.length) - offsetOf(centre);
  return Math.min(HORIZON, Math.max(LEAST_HORIZON, 2 ** Math.floor(Math.log2(Math.max(1, entry)))));
}

/** The batch with every entry clipped. */
export function withinHorizon(x: tf.Tensor, horizon = HORIZON): tf.Tensor {
  return tf.clipByValue(x, -horizon, horizon);
}

/** A radius, or Infinity if no clipped point is that far from the centre in its farthest entry. */
export function radiusWithinHorizon(radius: number, centre: Float64Array, horizon = HORIZON): number {
  return radius <= depthOf(centre, horizon) ? radius : Number.POSITIVE_INFINITY;
}

/** How far from the centre every direction leads before an entry is clipped. */
export function depthOf(centre: Float64Array, horizon: number): number {
  return horizon - offsetOf(centre);
}

/** The largest entry of the centre. */
function offsetOf(centre: Float64Array): number {
  return centre.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
}
