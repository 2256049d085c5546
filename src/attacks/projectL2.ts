import * as tf from '@tensorflow/tfjs-core';
import { broadcastable, rows, select } from './perImage';
import { checkBall } from './projectLinf';

/**
 * Projects each example onto the Euclidean ball around its centre, by shrinking the difference to it.
 *
 * `argmin_y |y - x|_2  subject to  |y - c|_2 <= epsilon`, which is `c + (x - c) min(1, epsilon / |x - c|_2)`
 *
 * Examples that are inside already stay exactly as they are. The result lies between `x` and the centre, so it is in every
 * box (every convex set) that holds both.
 *
 * @param x - `[B, ...]`, in input units; the norm is taken over all axes but the first. Values are not checked.
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
 * import { projectL2 } from 'relu-overconfidence';
 *
 * const y = projectL2(tf.tensor2d([[3, 4]]), tf.tensor2d([[0, 0]]), 1);
 * console.log(await y.data()); // [ 0.6, 0.8 ]
 * ```
 */
export function projectL2<T extends tf.Tensor>(x: T, center: tf.Tensor, epsilon: number): T {
  checkBall('projectL2', x, center, epsilon);
  return tf.tidy(() => {
    const difference = tf.sub(x, center);
    const norm = tf.sqrt(tf.sum(tf.square(rows(difference)), 1));
    const factor = tf.div(epsilon, tf.maximum(norm, epsilon));
    const shrunk = tf.add(center, tf.mul(difference, broadcastable(factor, x.rank)));
    return select(tf.greater(norm, epsilon), shrunk, x) as T;
  });
}
