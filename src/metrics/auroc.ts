import { countPairs } from './countPairs';

/**
 * The area under the ROC curve: the probability that a random in-distribution score exceeds a random out-distribution
 * score, ties counted half.
 *
 * 1 separates perfectly, 0.5 is chance. Pass float64 log-odds where you can: a float32 softmax rounds to exactly 1 at a
 * logit margin of about 17, and {@link aurocBounds} shows what such ties are worth.
 *
 * @param inS - Scores of in-distribution examples, higher = more in-distribution; infinities are allowed.
 * @param outS - Scores of out-distribution examples on the same scale.
 * @returns A number in [0, 1].
 * @throws OverconfidenceError `EMPTY_INPUT` if a side has no scores, `NON_FINITE` for NaN, `INVALID_ARGUMENT` for
 *   anything but an array of numbers.
 *
 * @example
 * ```ts
 * import { auroc } from 'relu-overconfidence';
 *
 * console.log(auroc([0.9, 0.8, 0.5], [0.5, 0.1])); // 5.5 of 6 pairs: 0.9166666666666666
 * ```
 */
export function auroc(inS: ArrayLike<number>, outS: ArrayLike<number>): number {
  const { wins, ties, pairs } = countPairs('auroc', inS, outS);
  return (wins + ties / 2) / pairs;
}
