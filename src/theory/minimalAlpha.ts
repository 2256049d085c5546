import { rowLogOdds } from '../classifier/logOdds';
import { checkKeys, checkNonNegative, type KeysOf } from '../core/check';
import { atOnce, type Pausing } from '../core/pausing';
import { findLimitAlongRay } from '../regions/limitAlongRay';
import { decideAt } from '../regions/pass/applyNode';
import { pushing } from '../regions/pass/push';
import { walkRay } from '../regions/rayPieces';
import type { PiecewiseAffine } from '../regions/types';
import { checkDirection } from './asymptoticConfidence';
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
  return atOnce(findAlpha(net, point, { from, target: targetLogOdds(fn, options) })).alpha;
}

/** What is asked about a ray. */
interface AlphaQuestion {
  readonly from: number;
  /** The log-odds to be reached. */
  readonly target: number;
  /** The ray is given up after so many values have been updated; see {@link movingRay}. */
  readonly maxUpdates?: number;
}

/** What following a ray has shown. */
export interface FoundAlpha {
  /** The minimal alpha; of a ray that was given up the smallest alpha at which the target was seen, or Infinity. */
  readonly alpha: number;
  /** No smaller alpha reaches the target: the same number, unless the ray was given up. */
  readonly atLeast: number;
}

/** The minimal alpha, for arguments that have been looked at, or bounds on it where the ray is too long. */
export function* findAlpha(net: PiecewiseAffine, x: Float64Array, question: AlphaQuestion): Pausing<FoundAlpha> {
  const { from, target, maxUpdates = Number.POSITIVE_INFINITY } = question;
  const exactly = (alpha: number) => ({ alpha, atLeast: alpha });
  // The largest of K probabilities is at least 1/K, whose log-odds are -log(K - 1).
  if (target <= -Math.log(net.classes - 1)) return exactly(from);
  const limited = maxUpdates < Number.POSITIVE_INFINITY;
  if (
    limited &&
    (yield* findLogOdds(
      net,
      x.map((value) => from * value),
    )) >= target
  )
    return exactly(from);
  let reached = from;
  if (maxUpdates > 0) {
    const lines = { intercepts: new Float64Array(net.inputSize), slopes: x.slice() };
    for (const step of walkRay(net, lines, from, Number.POSITIVE_INFINITY)) {
      yield;
      if (step === undefined) continue;
      const alpha = step.piece && firstCrossing(step.piece, target);
      if (alpha !== undefined) return exactly(alpha);
      reached = step.piece?.to ?? reached;
      if (step.updates >= maxUpdates) break;
    }
    if (reached === Number.POSITIVE_INFINITY) return exactly(reached);
  }
  return { alpha: yield* findWitness(net, x, reached, target), atLeast: reached };
}

/** The log-odds of the class predicted for a point. */
export function* findLogOdds(net: PiecewiseAffine, point: Float64Array): Pausing<number> {
  const { outputs } = yield* pushing(net, point, { count: 1, points: 1 }, decideAt);
  return rowLogOdds(outputs, 0, net.classes, 'softmax');
}

/** How often alpha is doubled in search of the target, and how often the last doubling is halved. */
const [DOUBLINGS, HALVINGS] = [14, 5];

/** Some alpha > `from` that reaches the target: by doubling and halving, or on the last piece of the ray, or Infinity. */
function* findWitness(net: PiecewiseAffine, x: Float64Array, from: number, target: number): Pausing<number> {
  const reaches = function* (alpha: number): Pausing<boolean> {
    return (
      (yield* findLogOdds(
        net,
        x.map((value) => alpha * value),
      )) >= target
    );
  };
  let low = from;
  for (let n = 0; n < DOUBLINGS; n++) {
    let high = low > 0 ? 2 * low : 1;
    if (yield* reaches(high)) {
      for (let half = 0; half < HALVINGS; half++) {
        const middle = (low + high) / 2;
        if (yield* reaches(middle)) high = middle;
        else low = middle;
      }
      return high;
    }
    low = high;
  }
  const { from: last, slope, intercept } = yield* findLimitAlongRay(net, new Float64Array(net.inputSize), x);
  const piece = { from: Math.max(last, from), to: Number.POSITIVE_INFINITY, slope, intercept };
  return firstCrossing(piece, target) ?? Number.POSITIVE_INFINITY;
}
