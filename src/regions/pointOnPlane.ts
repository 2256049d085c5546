import type { Plane2d } from './sliceTypes';

/**
 * The input at coordinates (s, t) of a plane: `origin + s * u + t * v`.
 *
 * @example
 * ```ts
 * import { planeThrough, pointOnPlane } from 'relu-overconfidence/regions';
 *
 * const plane = planeThrough([0, 0, 1], [1, 0, 1], [0, 2, 1]);
 * console.log(pointOnPlane(plane, 0.5, 0.5)); // Float64Array(3) [ 0.5, 1, 1 ]
 * ```
 */
export function pointOnPlane({ origin, u, v }: Plane2d, s: number, t: number): Float64Array {
  return Float64Array.from(origin, (value, i) => value + s * u[i]! + t * v[i]!);
}
