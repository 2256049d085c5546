import * as tf from '@tensorflow/tfjs-core';
import { type Bounds, checkBox, isPair } from '../core/bounds';
import { checkTensor } from '../core/checkTensor';

/**
 * Projects onto the box: the nearest point, in every norm, with all coordinates in [low, high].
 *
 * `argmin_y |y - x|  subject to  low <= y_i <= high`
 *
 * @param x - Any shape, in input units. Values are not checked; NaN stays NaN.
 * @param bounds - `[low, high]`, in input units, or `{ low, high }` for each feature of vectors `[B, D]`.
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
export function projectBox<T extends tf.Tensor>(x: T, bounds: Bounds): T {
  checkTensor({ fn: 'projectBox', argument: 'x' }, x);
  checkBox({ fn: 'projectBox', argument: 'bounds' }, bounds, isPair(bounds) ? undefined : x.shape.slice(1));
  if (isPair(bounds)) return tf.clipByValue(x, bounds[0], bounds[1]);
  return tf.tidy(() => tf.minimum<T>(tf.maximum(x, tf.tensor1d([...bounds.low])), tf.tensor1d([...bounds.high])));
}
