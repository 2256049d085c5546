import type { ModelLike } from '../../classifier/types';
import { checkKeys, checkPositive, checkWhole, type KeysOf, refuse } from '../../core/check';
import { inTasks } from '../../core/pausing';
import { softmax } from '../../core/softmax';
import { checkSlope, checkVector } from '../../regions/checkVector';
import { limitAlongRay } from '../../regions/limitAlongRay';
import { lengthOf } from '../growth/networkGrowth';
import type { GuaranteedClassifier } from '../types';
import { inputsOf, type TrainingInputs } from '../wrapper/inputs';
import { centreOf, readPoints } from '../wrapper/points';
import { type InputOptions, type SavedInputs, wrappedNet } from '../wrapper/wrappedNet';
import { headOf } from './head';
import { laplaceClassifier } from './laplaceClassifier';
import {
  gaussNewton,
  type LaplaceParts,
  laplaceModel,
  type PassOptions,
  PROBIT,
  posterior,
  timesFactor,
} from './posterior';

/** Options of {@link lastLayerLaplace}. */
export interface LastLayerLaplaceOptions extends InputOptions, PassOptions {
  /** Precision of the Gaussian prior of every weight, between 1e-12 and 1e12. @defaultValue what makes the data most likely */
  readonly priorPrecision?: number;
}

/** What makes a {@link LastLayerLaplace} of a model: plain data, for JSON. */
export interface SavedLastLayerLaplace extends SavedInputs {
  /** Which wrapper this is. */
  readonly method: 'lastLayerLaplace';
  /** The mean of the data, flat. */
  readonly centre: readonly number[];
  /** Precision of the prior. */
  readonly priorPrecision: number;
  /** The Cholesky factor L of the posterior covariance, row after row, each up to its diagonal. */
  readonly factor: readonly number[];
}

/** What {@link lastLayerLaplace} returns. */
export interface LastLayerLaplace extends GuaranteedClassifier {
  /** Precision of the Gaussian prior of the weights. */
  readonly priorPrecision: number;
  /**
   * The exact limit of the probabilities at `origin + t direction` as t grows without bound, in float64:
   * `softmax(W u / sqrt(pi/8 u^T S u))` with u the final slope of the features along the ray. It differs from ray to ray.
   *
   * @param origin - The point at t = 0, flat, d numbers.
   * @param direction - What is added per unit of t, flat, d numbers, not all zero.
   */
  asymptoteAlong(origin: ArrayLike<number>, direction: ArrayLike<number>): ConfidenceLimit;
  /** Plain data from which {@link restoreGuarantee} makes the same classifier on the same model. */
  save(): SavedLastLayerLaplace;
}

const fn = 'lastLayerLaplace';

const OPTIONS: KeysOf<LastLayerLaplaceOptions> = {
  priorPrecision: true,
  bounds: true,
  batchSize: true,
  onProgress: true,
  signal: true,
};

/**
 * Makes the last layer of a trained model Bayesian, by Laplace's method (Kristiadi, Hein and Hennig 2020): every logit
 * becomes `m / sqrt(1 + pi/8 v(x))`, m being the model's own and v the variance that the posterior of the last layer's weights
 * gives to differences of logits. Far away v grows like the square of the features, as fast as m^2, so the confidence
 * stays below a bound instead of going to 1. It does not go to 1/K: no distance is promised.
 *
 * The posterior comes from one pass over the data: the Gauss-Newton matrix of the cross entropy, which needs no labels, as a
 * Kronecker product of `sum phi phi^T` and the mean of `diag(p) - p p^T`, plus the prior. The prior's precision is the one
 * that maximises the marginal likelihood. `v = phi^T S phi` is the mean over all pairs of classes of the variance of the
 * difference of their logits (for two classes: of the one difference there is), so predicted classes never change.
 *
 * `asymptote` is the supremum of the confidence over all features: `|z_k - z_j| <= sqrt(8/pi (w_k - w_j)^T S^-1 (w_k - w_j))`.
 * Float32 rounding is counted in it and in `confidenceBound`. `farAwayRadius` is Infinity, or 0 for an epsilon that `asymptote`
 * allows everywhere. See the guide to guarantees.
 *
 * The guarantee is about the weights as they were at the call; wrap again after training. With D features it takes about
 * 8 D^3 operations, seconds for 1,000 features.
 *
 * @param model - A LayersModel that `toPiecewiseAffine` can read and whose logits come from a dense layer, or a Classifier of one.
 * @param data - Training inputs `[n, ...inputShape]`, float32, finite, alone or as `{ x }`. Stays the caller's.
 * @throws OverconfidenceError `INVALID_SHAPE`, `EMPTY_INPUT` or `NON_FINITE` for `x`; `INVALID_OPTION` for
 *   `priorPrecision` or `batchSize`; `UNSUPPORTED_MODEL` if the model does not show such layers; `ABORTED`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { confidences, uniformNoise } from 'relu-overconfidence';
 * import { lastLayerLaplace } from 'relu-overconfidence/guarantees';
 * import { mlp } from 'relu-overconfidence/models';
 *
 * const model = mlp({ inputShape: [2], hidden: [16, 16], classes: 2, seed: 1 });
 * const bayesian = await lastLayerLaplace(model, uniformNoise([100, 2], { seed: 1 }));
 * const far = await confidences(bayesian, tf.tensor2d([[1e9, -1e9]]));
 * const limit = bayesian.asymptoteAlong([0, 0], [1, -1]).confidence;
 * console.log(Math.abs(far[0]! - limit) < 1e-3, limit <= bayesian.asymptote); // true true
 * ```
 */
export async function lastLayerLaplace(
  model: ModelLike,
  data: TrainingInputs,
  options: LastLayerLaplaceOptions = {},
): Promise<LastLayerLaplace> {
  checkKeys({ fn, argument: 'options' }, options, OPTIONS);
  const { priorPrecision, bounds, ...passing } = options;
  const x = inputsOf(fn, data);
  if (priorPrecision !== undefined) checkPrecision(priorPrecision);
  if (passing.batchSize !== undefined) checkWhole({ fn, argument: 'batchSize' }, passing.batchSize);
  const net = wrappedNet(fn, model, { inputShape: x.shape.slice(1), ...(bounds && { bounds }) });
  const head = headOf(fn, model);
  const points = await readPoints({ fn, argument: 'x' }, x, net.inputShape);
  const known = laplaceModel(net, head, centreOf(points));
  const weights = await head.weights();
  const sums = await gaussNewton(fn, known, x, passing);
  const { factor, priorPrecision: found } = await inTasks(fn, posterior(sums, weights, priorPrecision), passing.signal);
  return assemble({ ...known, weights, factor }, found);
}

/** The wrapper that was saved, on its model. */
export async function restoreLaplace(model: ModelLike, saved: SavedLastLayerLaplace): Promise<LastLayerLaplace> {
  const net = wrappedNet(fn, model, saved);
  const head = headOf(fn, model);
  const factor = new Float64Array(head.size ** 2);
  for (let i = 0; i < head.size; i++) factor.set(packedRow(saved.factor, i), i * head.size);
  const known = laplaceModel(net, head, Float64Array.from(saved.centre));
  return assemble({ ...known, weights: await head.weights(), factor }, saved.priorPrecision);
}

function assemble(parts: LaplaceParts, priorPrecision: number): LastLayerLaplace {
  const { net, head, centre, factor } = parts;
  const save = (): SavedLastLayerLaplace => ({
    method: 'lastLayerLaplace',
    inputShape: net.inputShape,
    bounds: net.bounds,
    centre: Array.from(centre),
    priorPrecision,
    factor: Array.from({ length: head.size }, (_, i) =>
      Array.from(factor.subarray(i * head.size, i * head.size + i + 1)),
    ).flat(),
  });
  return Object.assign(laplaceClassifier(parts), {
    priorPrecision,
    asymptoteAlong: (origin: ArrayLike<number>, direction: ArrayLike<number>) => limitAlong(parts, origin, direction),
    save,
  });
}

/** Row i of a lower triangle whose rows follow each other, each up to its diagonal. */
function packedRow(values: readonly number[], i: number): readonly number[] {
  const start = (i * (i + 1)) / 2;
  return values.slice(start, start + i + 1);
}

function checkPrecision(value: number): void {
  const where = { fn, argument: 'priorPrecision' };
  checkPositive(where, value);
  if (value < 1e-12 || value > 1e12)
    refuse(where, 'INVALID_OPTION', 'between 1e-12 and 1e12', String(value), 'Leave it out to have it found.');
}

/** The limit of a classifier along a ray. */
export interface ConfidenceLimit {
  /** Limit of the largest softmax probability. */
  readonly confidence: number;
  /** Limit of the probability of each of the K classes. */
  readonly probabilities: Float64Array;
}

/**
 * The exact limit along `origin + t direction`. From some t on the features are `u t + c` (Lemma 3.1 of arXiv 1812.05720), so
 * the logits go to `W u / sqrt(pi/8 |L^T u|^2)`; if u is zero they stay at those of the features c. Entries of u that are no
 * larger than what rounding can make of zero along this very ray are taken for zero.
 */
function limitAlong(parts: LaplaceParts, origin: ArrayLike<number>, direction: ArrayLike<number>): ConfidenceLimit {
  const fn = 'asymptoteAlong';
  const { features } = parts;
  const from = checkVector({ fn, argument: 'origin' }, features, origin);
  const along = checkSlope(fn, features, direction);
  const { slope, slopeErrors, intercept } = limitAlongRay(features, from, along);
  const u = slope.map((value, i) => (Math.abs(value) > slopeErrors[i]! ? value : 0));
  const steepest = u.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  // In units of its largest entry, so that no square under- or overflows.
  const shares = u.map((value) => value / steepest);
  const probabilities = softmax(steepest > 0 ? cooled(parts, shares, 0) : cooled(parts, intercept, 1));
  return { confidence: probabilities.reduce((a, b) => Math.max(a, b)), probabilities };
}

/** `W phi + one b` divided by `sqrt(one + pi/8 v)`, v the variance there: at a point (one = 1) or at infinity (one = 0). */
function cooled({ net, head, weights, factor }: LaplaceParts, phi: Float64Array, one: 0 | 1): Float64Array {
  const padded = new Float64Array(head.size).fill(one);
  padded.set(phi);
  const temperature = Math.sqrt(one + PROBIT * lengthOf(timesFactor(padded, factor)) ** 2);
  return Float64Array.from({ length: net.classes }, (_, k) => {
    const logit = padded.reduce((sum, value, i) => sum + value * weights[i * net.classes + k]!, 0);
    return logit / temperature;
  });
}
