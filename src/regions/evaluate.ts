import { checkVector } from './checkVector';
import { decideAt } from './pass/applyNode';
import { push } from './pass/push';
import type { PiecewiseAffine } from './types';

/**
 * The logits of one input, computed in float64.
 *
 * @param net - A network read by {@link toPiecewiseAffine}.
 * @param x - One input, flat, d numbers.
 * @returns K logits.
 * @throws OverconfidenceError `INVALID_ARGUMENT`, `INVALID_SHAPE` or `NON_FINITE` unless `x` is d finite numbers.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { mlp } from 'relu-overconfidence/models';
 * import { evaluate, toPiecewiseAffine } from 'relu-overconfidence/regions';
 *
 * const net = toPiecewiseAffine(mlp({ inputShape: [2], hidden: [16, 16], classes: 3, seed: 1 }));
 * console.log(evaluate(net, [0.5, 1e12])); // Float64Array(3) [ ... ]
 * ```
 */
export function evaluate(net: PiecewiseAffine, x: ArrayLike<number>): Float64Array {
  const point = checkVector({ fn: 'evaluate', argument: 'x' }, net, x);
  return push(net, point, { count: 1, points: 1 }, decideAt).outputs;
}
