import * as tf from '@tensorflow/tfjs-core';
import { checkPositive, refuse } from '../core/check';
import { checkTensor } from '../core/checkTensor';
import type { AttackTask } from './prepareAttack';

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

/** A point and the ball it is projected onto: tensors of one shape and a radius > 0. */
export function checkBall(fn: string, x: tf.Tensor, center: tf.Tensor, epsilon: number): void {
  checkTensor({ fn, argument: 'x' }, x);
  checkTensor({ fn, argument: 'center' }, center);
  if (center.shape.length !== x.shape.length || center.shape.some((size, i) => size !== x.shape[i]))
    refuse(
      { fn, argument: 'center' },
      'INVALID_SHAPE',
      `of the shape of \`x\`, [${x.shape.join(', ')}]`,
      `shape [${center.shape.join(', ')}]`,
      'Pass one centre for each example.',
    );
  checkPositive({ fn, argument: 'epsilon' }, epsilon);
}

/** The points of the box within epsilon of each image, which form a box of their own. */
export type LinfBall = tf.NamedTensorMap & { readonly low: tf.Tensor; readonly high: tf.Tensor };

/** The smallest and the largest value that each pixel may take; made once for an attack. */
export function linfBall({ center, epsilon, bounds: [low, high] }: AttackTask): LinfBall {
  return {
    low: tf.maximum(tf.sub(center, epsilon), low),
    high: tf.minimum(tf.add(center, epsilon), high),
  };
}

/** The nearest point of ball and box: what `projectLinf` makes of the result of `projectBox`, in two operations. */
export function projectLinfBall(x: tf.Tensor, { low, high }: LinfBall): tf.Tensor {
  return tf.maximum(tf.minimum(x, high), low);
}
