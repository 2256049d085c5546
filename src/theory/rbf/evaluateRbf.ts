import { squaredDistances } from '../../core/squaredDistances';
import { checkVector } from '../../regions/checkVector';
import { checkRbf, type RbfNetwork } from './checkRbf';

/**
 * The logits of an RBF network for one input, `f_k(x) = sum_l a_kl exp(-gamma |x - c_l|^2)`, in float64.
 *
 * @param net - See {@link rbfNetwork}.
 * @param x - One input, flat, d numbers.
 * @returns K logits; all of them go to 0 as x moves away from the centres.
 * @throws OverconfidenceError `INVALID_ARGUMENT`, `INVALID_SHAPE` or `NON_FINITE` for `net` or `x`.
 *
 * @example
 * ```ts
 * import { evaluateRbf } from 'relu-overconfidence/theory';
 *
 * const net = {
 *   inputShape: [1], inputSize: 1, classes: 2, gamma: 1,
 *   centres: new Float64Array([-1, 1]), weights: new Float64Array([3, 0, 0, 3]),
 * };
 * console.log(evaluateRbf(net, [-1])); // Float64Array(2) [ 3, 0.0549... ]
 * ```
 */
export function evaluateRbf(net: RbfNetwork, x: ArrayLike<number>): Float64Array {
  checkRbf('evaluateRbf', net);
  return rbfLogits(net, featuresAt(net, checkVector({ fn: 'evaluateRbf', argument: 'x' }, net, x)));
}

/** The features `exp(-gamma |x - c_l|^2)` of one point. */
export function featuresAt(net: RbfNetwork, x: Float64Array): Float64Array {
  return radialFeatures(squaredDistances(x, net.centres, net.inputSize), net.gamma);
}

/** The logits, given the features of one point. */
export function rbfLogits({ classes, weights }: RbfNetwork, features: Float64Array): Float64Array {
  const count = features.length;
  const logits = new Float64Array(classes);
  for (let k = 0; k < classes; k++)
    for (let l = 0; l < count; l++) logits[k]! += weights[k * count + l]! * features[l]!;
  return logits;
}

/** `exp(-gamma r^2)` of each squared distance. */
export function radialFeatures(squared: Float64Array, gamma: number): Float64Array {
  return squared.map((value) => Math.exp(-gamma * value));
}
