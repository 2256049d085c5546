import { checkNonNegative } from '../../core/check';
import { checkRbf, type RbfNetwork } from './checkRbf';

/** What {@link rbfConfidenceBound} knows about all points that are at least a given distance from every centre. */
export interface RbfConfidenceBound {
  /** The logits of such a point differ by at most this: `D = alpha exp(-gamma r^2)`. */
  readonly logitRange: number;
  /** No class has a larger probability; no smaller number follows from the range. */
  readonly upper: number;
  /** No class has a smaller probability; no larger number follows from the range. */
  readonly lower: number;
  /** The upper bound as the paper has it, `1/K + eps` with `log(1 + K eps) = D`, or 1 if that is smaller. */
  readonly paperUpper: number;
  /** The lower bound as the paper has it, `1/K - eps`, or 0 if that is larger. */
  readonly paperLower: number;
}

/**
 * Bounds the confidence of an RBF network on all points that are at least `distance` from every centre: Theorem 3.2 of
 * arXiv 1812.05720, read as a bound for a given distance.
 *
 * With `alpha = max_{r,k} sum_l |a_rl - a_kl|`, two logits at a point whose nearest centre is r away differ by
 * `|sum_l (a_rl - a_kl) exp(-gamma |x - c_l|^2)| <= alpha exp(-gamma r^2) = D`. Among logits of range D the largest
 * probability is at most `1 / (1 + (K - 1) e^-D)` and the smallest at least `1 / (1 + (K - 1) e^D)`; see
 * {@link sharpLogitRange}. The paper's form of the upper bound is `e^D / K`. In exact arithmetic this holds for every
 * point; the numbers here are rounded to float64.
 *
 * @param net - See {@link rbfNetwork}.
 * @param distance - Distance to the nearest centre, in input units, >= 0; see {@link rbfDistance}.
 * @throws OverconfidenceError `INVALID_OPTION` for `distance`; `INVALID_ARGUMENT`, `INVALID_SHAPE` or `NON_FINITE` for
 *   `net`.
 *
 * @example
 * ```ts
 * import { twoMoons } from 'relu-overconfidence/datasets';
 * import { rbfConfidenceBound, rbfNetwork } from 'relu-overconfidence/theory';
 *
 * const net = rbfNetwork({ ...twoMoons({ points: 60, seed: 1 }), centres: 8 });
 * console.log(rbfConfidenceBound(net, 2).upper); // 0.5...
 * ```
 */
export function rbfConfidenceBound(net: RbfNetwork, distance: number): RbfConfidenceBound {
  checkRbf('rbfConfidenceBound', net);
  checkNonNegative({ fn: 'rbfConfidenceBound', argument: 'distance' }, distance);
  return boundAt(net, largestContrast(net), distance);
}

/** The bound, given the `alpha` of the network. */
export function boundAt(
  { classes, gamma }: Pick<RbfNetwork, 'classes' | 'gamma'>,
  contrast: number,
  distance: number,
): RbfConfidenceBound {
  const logitRange = contrast * Math.exp(-gamma * distance * distance);
  const epsilon = Math.expm1(logitRange) / classes;
  return {
    logitRange,
    upper: 1 / (1 + (classes - 1) * Math.exp(-logitRange)),
    lower: 1 / (1 + (classes - 1) * Math.exp(logitRange)),
    paperUpper: Math.min(1, 1 / classes + epsilon),
    paperLower: Math.max(0, 1 / classes - epsilon),
  };
}

/** `alpha = max_{r,k} sum_l |a_rl - a_kl|` of Theorem 3.2. */
export function largestContrast({ classes, weights }: RbfNetwork): number {
  const count = weights.length / classes;
  let largest = 0;
  for (let r = 0; r < classes; r++)
    for (let k = 0; k < r; k++) {
      let sum = 0;
      for (let l = 0; l < count; l++) sum += Math.abs(weights[r * count + l]! - weights[k * count + l]!);
      largest = Math.max(largest, sum);
    }
  return largest;
}
