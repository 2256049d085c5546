import type * as tf from '@tensorflow/tfjs-core';

/** The least and the largest value of a temperature over a ball. */
export interface TemperatureRange {
  readonly least: number;
  readonly largest: number;
}

/** A temperature T >= 1 that logits are divided by, and which grows with the distance from a centre. */
export interface Cooling {
  /** `f(x) / T(x)`, `[B, K]`, for displacements `x - centre` `[B, d]`, without overflow up to the horizon; runs in a tidy. */
  divide(logits: tf.Tensor2D, displacement: tf.Tensor2D): tf.Tensor2D;
  /** T within a Euclidean distance of a displacement. */
  range(displacement: Float64Array, radius: number): TemperatureRange;
  /** A convex function of the distance that T is never below, and which outgrows every straight line. */
  least(distance: number): number;
  /** The derivative of `least`. */
  leastSlope(distance: number): number;
}
