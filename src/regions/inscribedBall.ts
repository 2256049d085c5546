import { checkVector } from './checkVector';
import { checkedNorm, type NormOptions } from './distanceToBoundary';
import { decideAt } from './pass/applyNode';
import { push } from './pass/push';
import { allNormals, dualNorms, halfSpaces, slacksAt } from './region/halfSpaces';
import { simplex } from './region/simplex';
import type { PiecewiseAffine } from './types';

/** What the program takes for zero: more, as long as the ball that it has found is not there. */
const ZEROS = [1e-11, 1e-9, 1e-7, 1e-5];

/** How close a ball must come to the radius that the program promises. */
const CLOSE = 1e-6;

/** A ball in the input space. */
export interface Ball {
  /** d numbers. */
  readonly center: Float64Array;
  /** In input units. */
  readonly radius: number;
}

/**
 * The largest ball in the linear region of an input, its centre anywhere in the region (the Chebyshev centre): the linear
 * program
 *
 * `max r  subject to  n_i c + o_i >= |n_i|_* r` for all half-spaces of the region, with the dual norm.
 *
 * For small networks: the simplex method works on a dense table of half-spaces times d. The radius is measured at the centre
 * that it finds, so that the ball lies in the region whatever rounding does to the program; with weights of very different
 * sizes it may then not be the largest.
 *
 * @param net - A network read by {@link toPiecewiseAffine}.
 * @param x - One input of the region, flat, d numbers.
 * @returns The ball; with radius Infinity and centre `x` if there are balls of every size, as in most unbounded regions.
 * @throws OverconfidenceError `INVALID_ARGUMENT`, `INVALID_SHAPE` or `NON_FINITE` unless `x` is d finite numbers;
 *   `INVALID_OPTION` for another norm.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { mlp } from 'relu-overconfidence/models';
 * import { inscribedBall, toPiecewiseAffine } from 'relu-overconfidence/regions';
 *
 * const net = toPiecewiseAffine(mlp({ inputShape: [2], hidden: [16, 16], classes: 3, seed: 1 }));
 * const { center, radius } = inscribedBall(net, [0.5, -0.5]);
 * console.log(center, radius);
 * ```
 */
export function inscribedBall(net: PiecewiseAffine, x: ArrayLike<number>, options: NormOptions = {}): Ball {
  const fn = 'inscribedBall';
  const point = checkVector({ fn, argument: 'x' }, net, x);
  const norm = checkedNorm(fn, options);
  const { pattern } = push(net, point, { count: 1, points: 1 }, decideAt);
  const parts = halfSpaces(net, pattern);
  const normals = allNormals(net, pattern, parts);
  const norms = dualNorms(net, pattern, parts, norm);
  const slacks = slacksAt(net, pattern, parts, point);
  const d = net.inputSize;
  const ballAt = (center: Float64Array): Ball => {
    const there = slacksAt(net, pattern, parts, center);
    return {
      center,
      radius: bounding.reduce(
        (least, h) => Math.min(least, Math.max(0, there[h]!) / norms[h]!),
        Number.POSITIVE_INFINITY,
      ),
    };
  };
  // The variables are c - x and r; each row is divided by its dual norm.
  const bounding = [...norms.keys()].filter((h) => norms[h]! > 0);
  const rows = Float64Array.from({ length: bounding.length * (d + 1) }, (_, e) => {
    const [h, j] = [bounding[Math.floor(e / (d + 1))]!, e % (d + 1)];
    return j === d ? 1 : -normals[h * d + j]! / norms[h]!;
  });
  const bounds = Float64Array.from(bounding, (h) => Math.max(0, slacks[h]!) / norms[h]!);
  const objective = new Float64Array(d + 1);
  objective[d] = 1;
  // What the program has found is measured at the network itself: rounding may lead it astray in many dimensions.
  let best = ballAt(point);
  for (const zero of ZEROS) {
    const optimum = simplex({ objective, rows, bounds }, zero);
    if (optimum === undefined && zero === ZEROS[0]) return { center: point, radius: Number.POSITIVE_INFINITY };
    if (optimum === undefined) continue;
    const found = ballAt(point.map((value, j) => value + optimum.u[j]!));
    if (found.radius > best.radius) best = found;
    if (found.radius >= (1 - CLOSE) * optimum.value) break;
  }
  return best;
}
