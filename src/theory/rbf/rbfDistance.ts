import { squaredDistances } from '../../core/squaredDistances';
import { checkVector } from '../../regions/checkVector';
import { checkRbf, type RbfNetwork } from './checkRbf';

/**
 * The distance of a point to the nearest centre, `r_min = min_l |x - c_l|` of Theorem 3.2 of arXiv 1812.05720.
 *
 * @param net - See {@link rbfNetwork}.
 * @param x - One input, flat, d numbers.
 * @returns A Euclidean distance in input units.
 * @throws OverconfidenceError `INVALID_ARGUMENT`, `INVALID_SHAPE` or `NON_FINITE` for `net` or `x`.
 *
 * @example
 * ```ts
 * import { twoMoons } from 'relu-overconfidence/datasets';
 * import { rbfDistance, rbfNetwork } from 'relu-overconfidence/theory';
 *
 * const net = rbfNetwork({ ...twoMoons({ points: 60, seed: 1 }), centres: 8 });
 * console.log(rbfDistance(net, net.centres.subarray(0, 2))); // 0
 * ```
 */
export function rbfDistance(net: RbfNetwork, x: ArrayLike<number>): number {
  checkRbf('rbfDistance', net);
  return nearest(net, checkVector({ fn: 'rbfDistance', argument: 'x' }, net, x));
}

/** Distance of a point to the nearest of the centres. */
export function nearest({ centres, inputSize }: Pick<RbfNetwork, 'centres' | 'inputSize'>, x: Float64Array): number {
  return Math.sqrt(squaredDistances(x, centres, inputSize).reduce((least, value) => Math.min(least, value)));
}
