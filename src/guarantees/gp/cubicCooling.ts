import * as tf from '@tensorflow/tfjs-core';
import type { Cooling } from '../wrapper/cooling';

/** The probit approximation divides logits by `sqrt(1 + pi / 8 variance)`. */
const PROBIT = Math.PI / 8;

/** The variance of the ReLU Gaussian process at a displacement, for a weight variance of 1: `sum_i |x_i|^3 / (3 d)`. */
export function cubicVariance(displacement: Float64Array): number {
  return displacement.reduce((sum, value) => sum + Math.abs(value) ** 3, 0) / (3 * displacement.length);
}

/** `T(x) = sqrt(1 + pi/8 v(x))` with `v(x) = sigma^2 sum_i |x_i - c_i|^3 / (3 d)`, for d entries. */
export function cubicCooling(sigmaSquared: number, size: number): Cooling {
  const rate = (PROBIT * sigmaSquared) / (3 * size);
  const at = (cubes: number) => Math.sqrt(1 + rate * cubes);
  const radial = rate / Math.sqrt(size);
  const least = (distance: number) => Math.sqrt(1 + radial * distance ** 3);
  return {
    // With t = max(1, |x - c|_inf): f / T = (f / t) / sqrt(1 / t^2 + rate t sum_i |(x_i - c_i) / t|^3).
    divide(logits, displacement) {
      const sizes = tf.abs(displacement);
      const t = tf.maximum(1, tf.max(sizes, 1, true));
      const shares = tf.div(sizes, t);
      const cubes = tf.sum(tf.mul(tf.square(shares), shares), 1, true);
      const squared = tf.add(tf.div(tf.div(1, t), t), tf.mul(tf.mul(rate, t), cubes));
      return tf.div(tf.div(logits, t), tf.sqrt(squared));
    },
    // |x - c|_3 changes by no more than the Euclidean distance, and its cube is the sum of cubes.
    range(displacement, radius) {
      const length = Math.cbrt(displacement.reduce((sum, value) => sum + Math.abs(value) ** 3, 0));
      return { least: at(Math.max(0, length - radius) ** 3), largest: at((length + radius) ** 3) };
    },
    // By the inequality of power means, sum_i |x_i|^3 >= |x|^3 / sqrt(d).
    least,
    leastSlope: (distance) => (1.5 * radial * distance * distance) / least(distance),
  };
}
