import { refuse } from '../core/check';
import { checkSpan } from './slice/checkSlice';
import type { Plane2d } from './sliceTypes';

/** The plane of all inputs of a network with two of them: s is the first, t the second. */
export const inputPlane: Plane2d = { origin: [0, 0], u: [1, 0], v: [0, 1] };

/**
 * The plane through three inputs, which get the coordinates (0, 0), (1, 0) and (0, 1).
 *
 * @param a - One input, flat; the origin of the plane.
 * @param b - An input of the same length.
 * @param c - An input of the same length.
 * @throws OverconfidenceError `INVALID_SHAPE` if the lengths differ, `INVALID_ARGUMENT` if the three lie on one line.
 *
 * @example
 * ```ts
 * import { planeThrough } from 'relu-overconfidence/regions';
 *
 * const { origin, u, v } = planeThrough([0, 0, 1], [1, 0, 1], [0, 2, 1]);
 * console.log(origin, u, v); // Float64Array [0, 0, 1], [1, 0, 0], [0, 2, 0]
 * ```
 */
export function planeThrough(a: ArrayLike<number>, b: ArrayLike<number>, c: ArrayLike<number>): Plane2d {
  const fn = 'planeThrough';
  for (const [argument, point] of Object.entries({ b, c }))
    if (point.length !== a.length)
      refuse(
        { fn, argument },
        'INVALID_SHAPE',
        `${a.length} numbers, as many as \`a\` has`,
        `${point.length}`,
        'Pass three inputs of the same network, laid out flat.',
      );
  const origin = Float64Array.from(a);
  const step = (to: ArrayLike<number>) => origin.map((value, i) => to[i]! - value);
  const [u, v] = [step(b), step(c)];
  checkSpan({ fn, argument: 'c' }, u, v);
  return { origin, u, v };
}

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
