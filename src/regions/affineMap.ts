import { checkVector } from './checkVector';
import { decideAt } from './pass/decideAt';
import { pull } from './pass/pull';
import { follow, push } from './pass/push';
import type { Pattern, PiecewiseAffine } from './types';

/** The affine function that a network is in one linear region: f(z) = V z + a. */
export interface AffineMap {
  /** K x d, row-major: row k is the gradient of logit k. */
  readonly V: Float64Array;
  /** K numbers. */
  readonly a: Float64Array;
}

/**
 * The affine function `f(z) = V z + a` that the network is in the linear region of an input: V^(L+1) and a^(L+1) of
 * Section 2 of arXiv 1812.05720.
 *
 * It costs one evaluation, K backward passes for V and one forward pass for a; no matrix of a hidden layer is formed.
 *
 * @param net - A network read by {@link toPiecewiseAffine}.
 * @param x - One input, flat, d numbers. On a boundary the convention of {@link activationPattern} picks the region.
 * @returns V, K x d row-major, and a.
 * @throws OverconfidenceError `INVALID_ARGUMENT`, `INVALID_SHAPE` or `NON_FINITE` unless `x` is d finite numbers.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { mlp } from 'relu-overconfidence/models';
 * import { affineMap, toPiecewiseAffine } from 'relu-overconfidence/regions';
 *
 * const net = toPiecewiseAffine(mlp({ inputShape: [2], hidden: [16, 16], classes: 3, seed: 1 }));
 * const { V, a } = affineMap(net, [0.5, -0.5]);
 * console.log(V.length, a.length); // 6 3
 * ```
 */
export function affineMap(net: PiecewiseAffine, x: ArrayLike<number>): AffineMap {
  const point = checkVector({ fn: 'affineMap', argument: 'x' }, net, x);
  return affineUnder(net, push(net, point, { count: 1, points: 1 }, decideAt).pattern);
}

/** The affine function that belongs to a pattern. */
export function affineUnder(net: PiecewiseAffine, pattern: Pattern): AffineMap {
  const { classes, inputSize, output } = net;
  const identity = new Float64Array(classes * classes);
  for (let k = 0; k < classes; k++) identity[k * classes + k] = 1;
  return {
    V: pull(net, pattern, new Map([[output, identity]]), classes),
    a: push(net, new Float64Array(inputSize), { count: 1, points: 1 }, follow(pattern)).outputs,
  };
}
