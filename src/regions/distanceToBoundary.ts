import { checkKeys, checkOneOf, type KeysOf } from '../core/check';
import { checkVector } from './checkVector';
import { decideAt } from './pass/applyNode';
import { push } from './pass/push';
import { dualNorms, halfSpaces, type Norm, slacksAt } from './region/halfSpaces';
import type { PiecewiseAffine } from './types';

/** Options of {@link distanceToBoundary} and {@link inscribedBall}. */
export interface NormOptions {
  /** How lengths are measured in the input space. @defaultValue 'L2' */
  readonly norm?: Norm;
}

/**
 * How far an input is from the boundary of its linear region: the radius of the largest ball around it in which the
 * network is one affine function,
 *
 * `min_i |n_i x + o_i| / |n_i|_*`, over all half-spaces of the region, with the dual norm in the denominator.
 *
 * It costs d + 2 forward passes, most of them of vectors with few entries; no matrix is formed.
 *
 * @param net - A network read by {@link toPiecewiseAffine}.
 * @param x - One input, flat, d numbers.
 * @returns A distance in input units; 0 on a boundary, Infinity if the network is affine everywhere.
 * @throws OverconfidenceError `INVALID_ARGUMENT`, `INVALID_SHAPE` or `NON_FINITE` unless `x` is d finite numbers;
 *   `INVALID_OPTION` for another norm.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { mlp } from 'relu-overconfidence/models';
 * import { distanceToBoundary, toPiecewiseAffine } from 'relu-overconfidence/regions';
 *
 * const net = toPiecewiseAffine(mlp({ inputShape: [2], hidden: [16, 16], classes: 3, seed: 1 }));
 * console.log(distanceToBoundary(net, [0.5, -0.5])); // Euclidean
 * console.log(distanceToBoundary(net, [0.5, -0.5], { norm: 'Linf' })); // never more than that
 * ```
 */
export function distanceToBoundary(net: PiecewiseAffine, x: ArrayLike<number>, options: NormOptions = {}): number {
  const fn = 'distanceToBoundary';
  const point = checkVector({ fn, argument: 'x' }, net, x);
  const norm = checkedNorm(fn, options);
  const { pattern } = push(net, point, { count: 1, points: 1 }, decideAt);
  const parts = halfSpaces(net, pattern);
  const norms = dualNorms(net, pattern, parts, norm);
  const slacks = slacksAt(net, pattern, parts, point);
  let nearest = Number.POSITIVE_INFINITY;
  for (const [h, slack] of slacks.entries()) if (norms[h]! > 0) nearest = Math.min(nearest, slack / norms[h]!);
  return nearest;
}

const KEYS: KeysOf<NormOptions> = { norm: true };

/** The norm that was asked for. */
export function checkedNorm(fn: string, options: NormOptions): Norm {
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const { norm = 'L2' } = options;
  checkOneOf({ fn, argument: 'norm' }, norm, ['L1', 'L2', 'Linf']);
  return norm;
}
