import { checkKeys, checkOneOf, checkPositive, type KeysOf, refuse } from '../../core/check';
import { sharpLogitRange } from '../../core/softmax';
import { checkNumbers, checkRbf, type RbfNetwork } from './checkRbf';
import { largestContrast } from './rbfConfidenceBound';
import { nearest } from './rbfDistance';

/** Options of {@link rbfRadius}. */
export interface RbfRadiusOptions {
  /** The logit range that is asked for: {@link sharpLogitRange}, or the paper's `log(1 + K eps)`. @defaultValue 'sharp' */
  readonly constant?: 'sharp' | 'paper';
  /** Points, flat, row after row. When given, the radius is measured from them and not from the centres. */
  readonly data?: ArrayLike<number>;
}

const KEYS: KeysOf<RbfRadiusOptions> = { constant: true, data: true };

/**
 * The distance from which on an RBF network is uniform up to epsilon: Theorem 3.2 of arXiv 1812.05720.
 *
 * If every centre is at least `r = sqrt(log(alpha / D) / gamma)` away (0 if `alpha <= D`), with
 * `alpha = max_{r,k} sum_l |a_rl - a_kl|`, all logits lie within `alpha exp(-gamma r^2) = D` of each other, so every class
 * has a probability within epsilon of 1/K. D is {@link sharpLogitRange}, or the paper's smaller `log(1 + K eps)`.
 *
 * Centres found by k-means are no data points. With `data`, the result is the distance from every one of these points that
 * makes the theorem hold: the same r plus the largest distance of a centre to its nearest point, because
 * `|x - c| >= |x - x_i| - |x_i - c|`.
 *
 * @param net - See {@link rbfNetwork}.
 * @param epsilon - Allowed distance of each probability from 1/K, > 0.
 * @returns A Euclidean distance in input units.
 * @throws OverconfidenceError `INVALID_OPTION` for epsilon or `constant`; `INVALID_ARGUMENT`, `INVALID_SHAPE`,
 *   `NON_FINITE` or `EMPTY_INPUT` for `net` or `data`.
 *
 * @example
 * ```ts
 * import { twoMoons } from 'relu-overconfidence/datasets';
 * import { rbfConfidenceBound, rbfNetwork, rbfRadius } from 'relu-overconfidence/theory';
 *
 * const net = rbfNetwork({ ...twoMoons({ points: 60, seed: 1 }), centres: 8 });
 * const radius = rbfRadius(net, 0.01);
 * console.log(rbfConfidenceBound(net, radius).upper); // 0.51
 * ```
 */
export function rbfRadius(net: RbfNetwork, epsilon: number, options: RbfRadiusOptions = {}): number {
  const fn = 'rbfRadius';
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const { constant = 'sharp', data } = options;
  checkRbf(fn, net);
  checkPositive({ fn, argument: 'epsilon' }, epsilon);
  checkOneOf({ fn, argument: 'constant' }, constant, ['sharp', 'paper']);
  const range = constant === 'sharp' ? sharpLogitRange(net.classes, epsilon) : Math.log1p(net.classes * epsilon);
  const contrast = largestContrast(net);
  const fromCentres = contrast > range ? Math.sqrt(Math.log(contrast / range) / net.gamma) : 0;
  return data === undefined ? fromCentres : fromCentres + farthestCentre(net, checkPoints(fn, net, data));
}

/** The largest distance of a centre to the nearest of the points. */
function farthestCentre({ centres, inputSize }: RbfNetwork, points: Float64Array): number {
  let farthest = 0;
  for (let start = 0; start < centres.length; start += inputSize)
    farthest = Math.max(farthest, nearest({ centres: points, inputSize }, centres.subarray(start, start + inputSize)));
  return farthest;
}

function checkPoints(fn: string, { inputSize }: RbfNetwork, data: ArrayLike<number>): Float64Array {
  const where = { fn, argument: 'data' };
  checkNumbers(where, data);
  if (data.length % inputSize !== 0)
    refuse(
      where,
      'INVALID_SHAPE',
      `a multiple of ${inputSize} numbers`,
      `${data.length} numbers`,
      'Pass whole points, one after the other.',
    );
  return Float64Array.from(data);
}
