import * as tf from '@tensorflow/tfjs-core';
import { checkBounds } from '../core/check';
import { checkTensor } from '../core/checkTensor';

/**
 * Projects onto the box: the nearest point, in every norm, with all coordinates in [low, high].
 *
 * `argmin_y |y - x|  subject to  low <= y_i <= high`
 *
 * @param x - Any shape, in input units. Values are not checked; NaN stays NaN.
 * @param bounds - `[low, high]`, in input units.
 * @returns Same shape as `x`; the caller owns it.
 * @throws OverconfidenceError `INVALID_OPTION` for bounds that are not two finite numbers in order; `INVALID_ARGUMENT` if
 *   `x` is not a live tensor.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { projectBox } from 'relu-overconfidence';
 *
 * console.log(await projectBox(tf.tensor1d([-1, 0.5, 3]), [0, 1]).data()); // [ 0, 0.5, 1 ]
 * ```
 */
export function projectBox<T extends tf.Tensor>(x: T, bounds: readonly [number, number]): T {
  checkTensor({ fn: 'projectBox', argument: 'x' }, x);
  checkBounds({ fn: 'projectBox', argument: 'bounds' }, bounds);
  return tf.clipByValue(x, bounds[0], bounds[1]);
}
