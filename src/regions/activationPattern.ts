import { checkVector } from './checkVector';
import { decideAt } from './pass/applyNode';
import { push } from './pass/push';
import type { Pattern, PiecewiseAffine } from './types';

/**
 * What every hidden unit and every pooling window decides at an input: the signs of Section 2 of arXiv 1812.05720. Two
 * inputs with the same pattern lie in the same linear region.
 *
 * A pre-activation of exactly zero counts as inactive (in general, a value on a threshold belongs to the piece below it),
 * and of equal members of a pooling window the first, in reading order, wins. So every input has exactly one pattern, also
 * on the boundary between regions, where the network has the same value in all of them.
 *
 * @param net - A network read by {@link toPiecewiseAffine}.
 * @param x - One input, flat, d numbers.
 * @returns For each node of `net.nodes` that decides, its decisions; undefined for the others.
 * @throws OverconfidenceError `INVALID_ARGUMENT`, `INVALID_SHAPE` or `NON_FINITE` unless `x` is d finite numbers.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { mlp } from 'relu-overconfidence/models';
 * import { activationPattern, toPiecewiseAffine } from 'relu-overconfidence/regions';
 *
 * const net = toPiecewiseAffine(mlp({ inputShape: [2], hidden: [4], classes: 3, seed: 1 }));
 * console.log(activationPattern(net, [0.5, -0.5])); // [ undefined, Int32Array(4) [ ... ], undefined ]
 * ```
 */
export function activationPattern(net: PiecewiseAffine, x: ArrayLike<number>): Pattern {
  const point = checkVector({ fn: 'activationPattern', argument: 'x' }, net, x);
  return push(net, point, { count: 1, points: 1 }, decideAt).pattern;
}
