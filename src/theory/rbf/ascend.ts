import { softmax } from '../../core/softmax';
import { squaredDistances } from '../../core/squaredDistances';
import type { RbfNetwork } from './types';

/** Rounds after which {@link pushOut} gives up. */
const MOST_PUSHES = 50;

/**
 * The gradient with respect to x of the log-odds `f_k - log sum_{j != k} exp f_j` of class k, given the features of x:
 * `sum_l b_l (x - c_l)` with `b_l = -2 gamma phi_l (a_kl - sum_{j != k} p_j a_jl)`, p the softmax over the classes but k.
 */
export function logOddsGradient(
  { classes, centres, inputSize, gamma, weights }: RbfNetwork,
  x: Float64Array,
  features: Float64Array,
  logits: Float64Array,
  k: number,
): Float64Array {
  const count = features.length;
  const shares = softmax(logits.map((logit, j) => (j === k ? Number.NEGATIVE_INFINITY : logit)));
  const gradient = new Float64Array(inputSize);
  for (let l = 0; l < count; l++) {
    let contrast = weights[k * count + l]!;
    for (let j = 0; j < classes; j++) contrast -= shares[j]! * weights[j * count + l]!;
    const factor = -2 * gamma * features[l]! * contrast;
    for (let i = 0; i < inputSize; i++) gradient[i]! += factor * (x[i]! - centres[l * inputSize + i]!);
  }
  return gradient;
}

/**
 * Moves a point away from whichever centre is nearest until none is nearer than `distance`; undefined if it is still
 * pushed from one centre to the next after many rounds.
 */
export function pushOut(
  { centres, inputSize }: Pick<RbfNetwork, 'centres' | 'inputSize'>,
  start: Float64Array,
  distance: number,
): Float64Array | undefined {
  const x = start.slice();
  for (let round = 0; round < MOST_PUSHES; round++) {
    const squared = squaredDistances(x, centres, inputSize);
    const centre = squared.indexOf(squared.reduce((a, b) => Math.min(a, b)));
    const now = Math.sqrt(squared[centre]!);
    if (now >= distance) return x;
    if (now === 0) return undefined;
    const stretch = (distance / now) * (1 + 1e-12);
    for (let i = 0; i < inputSize; i++) {
      const c = centres[centre * inputSize + i]!;
      x[i] = c + stretch * (x[i]! - c);
    }
  }
  return undefined;
}
