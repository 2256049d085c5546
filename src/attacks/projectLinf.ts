import * as tf from '@tensorflow/tfjs-core';
import { checkBall } from './checkBall';

/**
 * Projects onto the L-infinity ball: the nearest point with every coordinate within epsilon of the centre's.
 *
 * `argmin_y |y - x|  subject to  |y - c|_inf <= epsilon`
 *
 * Coordinates that are inside already stay exactly as they are. Applied after {@link projectBox} it keeps the point in
 * the box, provided that the centre is in the box.
 *
 * @param x - Any shape, in input units. Values are not checked; NaN stays NaN.
 * @param center - Same shape as `x`.
 * @param epsilon - Radius > 0, in input units.
 * @returns Same shape as `x`; the caller owns it.
 * @throws OverconfidenceError `INVALID_SHAPE` if the shapes differ; `INVALID_OPTION` unless epsilon is finite and > 0;
 *   `INVALID_ARGUMENT` if an argument is not a live tensor.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { projectLinf } from 'relu-overconfidence';
 *
 * const y = projectLinf(tf.tensor1d([5, 0.25]), tf.tensor1d([1, 0]), 0.5);
 * console.log(await y.data()); // [ 1.5, 0.25 ]
 * ```
 */
export function projectLinf<T extends tf.Tensor>(x: T, center: tf.Tensor, epsilon: number): T {
  checkBall('projectLinf', x, center, epsilon);
  return tf.tidy(() => tf.maximum<T>(tf.minimum(x, tf.add(center, epsilon)), tf.sub(center, epsilon)));
}
