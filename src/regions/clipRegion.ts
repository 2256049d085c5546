import { checkRectangle } from './slice/checkSlice';
import { clipRing, labelled, outlineOf } from './slice/clipRing';
import { NOTHING } from './slice/line';
import type { Box2d, Region2d } from './sliceTypes';

/**
 * The part of a region inside a box, for drawing it or measuring its area.
 *
 * @param region - A region of {@link sliceRegions}, bounded or not.
 * @param box - A rectangle, in the coordinates of the plane.
 * @returns Corners, counter-clockwise, `[s0, t0, s1, t1, ...]`; empty if no inside of the region lies in the box.
 * @throws OverconfidenceError `INVALID_OPTION` for a box that is none.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { mlp } from 'relu-overconfidence/models';
 * import { clipRegion, inputPlane, sliceRegions, toPiecewiseAffine } from 'relu-overconfidence/regions';
 *
 * const net = toPiecewiseAffine(mlp({ inputShape: [2], hidden: [8], classes: 2, seed: 1 }));
 * const parts = sliceRegions(net, inputPlane).map((region) => clipRegion(region, { x: [-1, 1], y: [-1, 1] }));
 * console.log(parts[0]); // Float64Array [ s0, t0, s1, t1, ... ]
 * ```
 */
export function clipRegion(region: Region2d, box: Box2d): Float64Array {
  checkRectangle('clipRegion', box);
  const { x, y } = box;
  const sides = [
    { constant: -x[0], x: 1, y: 0, beside: NOTHING },
    { constant: x[1], x: -1, y: 0, beside: NOTHING },
    { constant: -y[0], x: 0, y: 1, beside: NOTHING },
    { constant: y[1], x: 0, y: -1, beside: NOTHING },
  ];
  let ring: ReturnType<typeof clipRing> = labelled(outlineOf(region));
  for (const [i, side] of sides.entries()) if (ring.length > 0) ring = clipRing(ring, side, -1 - i);
  return Float64Array.from(ring.flatMap(({ corner }) => [corner.x, corner.y]));
}
