import { checkNonNegative } from '../core/check';
import { checkKeys, type KeysOf } from '../core/checkKeys';
import { rayPieces } from '../regions/rayPieces';
import type { PiecewiseAffine } from '../regions/types';
import { checkDirection } from './checkDirection';
import { type ConfidenceTarget, targetLogOdds } from './confidenceTarget';
import { firstCrossing } from './firstCrossing';

/** Options of {@link minimalAlpha}. */
export interface MinimalAlphaOptions extends ConfidenceTarget {
  /** The smallest alpha looked at, >= 0. @defaultValue 1 */
  readonly from?: number;
}

const KEYS: KeysOf<MinimalAlphaOptions> = { confidence: true, oneMinusConfidence: true, from: true };

/**
 * The smallest alpha >= `from` at which the network is at least so confident on alpha x: the alpha of Table 2 of arXiv
 * 1812.05720.
 *
 * The ray is followed from one linear region to the next, and on each piece the first crossing is solved for, so a short
 * stretch of high confidence that a search on a grid or a bisection steps over is found: confidence along a ray need not
 * rise steadily. Comparisons are made on log-odds, `log p - log(1 - p)`, in float64, so neither targets close to 1 nor an
 * alpha of 1e6 or 1e12 are a problem.
 *
 * @param net - A network read by `toPiecewiseAffine`.
 * @param x - The point that is scaled, flat, d numbers, not all zero.
 * @returns The alpha, exact up to rounding; Infinity if the confidence is reached nowhere.
 * @throws OverconfidenceError `INVALID_OPTION` for an option out of range; `INVALID_ARGUMENT`, `INVALID_SHAPE` or
 *   `NON_FINITE` unless `x` is d finite numbers that are not all zero.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { layers, sequential } from '@tensorflow/tfjs-layers';
 * import { toPiecewiseAffine } from 'relu-overconfidence/regions';
 * import { minimalAlpha } from 'relu-overconfidence/theory';
 *
 * // x -> (x, -x): the log-odds at alpha x are 2 alpha x.
 * const model = sequential({ layers: [layers.dense({ inputShape: [1], units: 2, useBias: false })] });
 * model.setWeights([tf.tensor2d([[1, -1]])]);
 * const net = toPiecewiseAffine(model);
 * console.log(minimalAlpha(net, [2]), Math.log(999) / 4); // 1.7266..., twice
 * console.log(minimalAlpha(net, [2], { oneMinusConfidence: 1e-30 })); // 17.2693...
 * ```
 */
export function minimalAlpha(net: PiecewiseAffine, x: ArrayLike<number>, options: MinimalAlphaOptions = {}): number {
  const fn = 'minimalAlpha';
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const point = checkDirection(fn, net, x);
  const { from = 1 } = options;
  checkNonNegative({ fn, argument: 'from' }, from);
  return firstAlpha(net, point, { from, target: targetLogOdds(fn, options) });
}

/** The same for arguments that have been looked at, with the target as log-odds. */
export function firstAlpha(
  net: PiecewiseAffine,
  x: Float64Array,
  { from, target }: { readonly from: number; readonly target: number },
): number {
  // The largest of K probabilities is at least 1/K, whose log-odds are -log(K - 1).
  if (target <= -Math.log(net.classes - 1)) return from;
  for (const piece of rayPieces(net, new Float64Array(net.inputSize), x, { from })) {
    const alpha = firstCrossing(piece, target);
    if (alpha !== undefined) return alpha;
  }
  return Number.POSITIVE_INFINITY;
}
