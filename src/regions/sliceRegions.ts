import { follow } from '../core/follow';
import { atOnce, type Pausing } from '../core/pausing';
import { checkSlice } from './slice/checkSlice';
import type { Polygon } from './slice/polygon';
import { subdivide } from './slice/subdivide';
import { toRegion } from './slice/toRegion';
import type { Plane2d, Region2d, RegionList, SliceOptions } from './sliceTypes';
import type { PiecewiseAffine } from './types';

/** Slopes of logits that differ by less than this share of what they are added up from count as equal. */
const EQUAL = 1e-13;

/**
 * All linear regions of a network that a plane meets, as exact polygons: the sets Q(x) of Section 2 of arXiv 1812.05720,
 * cut by the plane, with the affine map that the network is on each (Figure 1 of the paper).
 *
 * The plane is cut by the zero line of every unit of the first layer that crosses it, each part by the units of the next
 * layer that cross that part, and so on, never by a grid. A region is a set of points with the same decisions of all
 * hidden units and pooling windows: two neighbours may have the same affine map, and an
 * {@link activationPattern} at `pointOnPlane(plane, ...region.inside)` tells them apart. The regions cover the plane, or
 * the box, without overlaps: two neighbours share their edge and its corners, bit for bit.
 *
 * Lines that pass a corner closer than rounding can tell (1e-11 of the values that are compared, 1e-14 of what they are added
 * up from in the region, and what rounding may have moved the corner itself) pass through it. So parallel or coincident lines,
 * and many lines through one point, give no slivers.
 *
 * The cost per region is about that of the changes from one region to its neighbour, and never more than a few products
 * with the weight matrices. With `maxRegions` the regions found so far come back; each is complete.
 *
 * @param net - A network read by {@link toPiecewiseAffine}.
 * @param plane - `inputPlane` for a network with two inputs, or see {@link planeThrough}.
 * @returns The regions, and whether these are all.
 * @throws OverconfidenceError `INVALID_SHAPE` if the vectors of the plane do not fit the network, `NON_FINITE`,
 *   `INVALID_ARGUMENT` if they span no plane, `INVALID_OPTION` for an option out of range, `ABORTED`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { mlp } from 'relu-overconfidence/models';
 * import { inputPlane, sliceRegions, toPiecewiseAffine } from 'relu-overconfidence/regions';
 *
 * const net = toPiecewiseAffine(mlp({ inputShape: [2], hidden: [16, 16], classes: 3, seed: 1 }));
 * const regions = sliceRegions(net, inputPlane);
 * const unbounded = regions.filter((region) => region.unbounded);
 * console.log(regions.length, regions.complete); // number of regions, true
 * console.log(unbounded.map(({ confidenceAtInfinity }) => confidenceAtInfinity)); // [ 1, 1, ... ]
 * ```
 */
export function sliceRegions(net: PiecewiseAffine, plane: Plane2d, options: SliceOptions = {}): RegionList {
  const { work, regions } = slicing(net, plane, options);
  const complete = atOnce(work);
  return Object.assign(regions(), { complete });
}

/** A search for regions that pauses on its way. */
export interface Slicing {
  /** Finds them, and says whether these are all. */
  readonly work: Pausing<boolean>;
  /** Those that have been found by now. */
  readonly regions: () => Region2d[];
}

/** The search of {@link sliceRegions}. */
export function slicing(net: PiecewiseAffine, plane: Plane2d, options: SliceOptions): Slicing {
  const { vectors, whole, maxRegions } = checkSlice('sliceRegions', net, plane, options);
  const tell = follow('sliceRegions', options, Number.NaN);
  const found: { readonly polygon: Polygon; readonly logits: Float64Array; readonly errors: Float64Array }[] = [];
  const work = subdivide(net, vectors, whole, (polygon, logits, slopeSizes) => {
    const errors = slopeSizes().map((size) => EQUAL * size);
    found.push({ polygon, logits: logits.slice(), errors });
    tell(found.length, 'regions');
    return found.length < maxRegions;
  });
  // Only at the end, when neighbours have left all their corners on the edges.
  return { work, regions: () => found.map(({ polygon, logits, errors }) => toRegion(polygon, logits, errors)) };
}

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
  const counting = subdivide(net, vectors, whole, () => {
    tell(++count, 'regions');
    return count < maxRegions;
  });
  atOnce(counting);
  return count;
}
