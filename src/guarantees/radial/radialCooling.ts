import * as tf from '@tensorflow/tfjs-core';
import { lengthOf } from '../growth/networkGrowth';
import type { Cooling } from '../wrapper/cooling';

/** `T(x) = 1 + beta |x - c|^2`. */
export function radialCooling(beta: number): Cooling {
  const at = (distance: number) => 1 + beta * distance * distance;
  return {
    // With t = max(1, |x - c|_inf): f / T = (f / t / t) / (1 / t^2 + beta |(x - c) / t|^2), in which nothing overflows.
    divide(logits, displacement) {
      const t = tf.maximum(1, tf.max(tf.abs(displacement), 1, true));
      const squares = tf.sum(tf.square(tf.div(displacement, t)), 1, true);
      const numerator = tf.div(tf.div(logits, t), t);
      return tf.div(numerator, tf.add(tf.div(tf.div(1, t), t), tf.mul(beta, squares)));
    },
    range(displacement, radius) {
      const distance = lengthOf(displacement);
      return { least: at(Math.max(0, distance - radius)), largest: at(distance + radius) };
    },
    least: at,
    leastSlope: (distance) => 2 * beta * distance,
  };
}
