import { follow } from '../core/follow';
import { checkSlice } from './slice/checkSlice';
import { subdivide } from './slice/subdivide';
import type { Plane2d, SliceOptions } from './sliceTypes';
import type { PiecewiseAffine } from './types';

/**
 * The number of linear regions of a network that a plane meets, as {@link sliceRegions} finds them, without keeping them.
 *
 * @param net - A network read by {@link toPiecewiseAffine}.
 * @param plane - `inputPlane` for a network with two inputs, or see {@link planeThrough}.
 * @returns The number of regions; `maxRegions` if there are at least so many.
 * @throws OverconfidenceError As {@link sliceRegions} does.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { mlp } from 'relu-overconfidence/models';
 * import { countRegions, inputPlane, toPiecewiseAffine } from 'relu-overconfidence/regions';
 *
 * const net = toPiecewiseAffine(mlp({ inputShape: [2], hidden: [16], classes: 3, seed: 1 }));
 * // Sixteen lines through the origin, as biases start from zero.
 * console.log(countRegions(net, inputPlane)); // 32
 * ```
 */
export function countRegions(net: PiecewiseAffine, plane: Plane2d, options: SliceOptions = {}): number {
  const { vectors, whole, maxRegions } = checkSlice('countRegions', net, plane, options);
  const tell = follow('countRegions', options, Number.NaN);
  let count = 0;
  subdivide(net, vectors, whole, () => {
    tell(++count, 'regions');
    return count < maxRegions;
  });
  return count;
}
