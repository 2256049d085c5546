import type { Where } from '../core/check';
import { checkScores } from './checkScores';
import { sortedCopy } from './sortedCopy';

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

/** How the n * m pairs of an in- and an out-score compare. */
interface PairCounts {
  /** Pairs whose in-score is the larger one. */
  readonly wins: number;
  /** Pairs of equal scores. */
  readonly ties: number;
  /** All pairs. */
  readonly pairs: number;
}

/** Checks both sides on behalf of the public function `fn`, then counts; exact while n * m stays below 2^53. */
export function countPairs(fn: Where['fn'], inS: ArrayLike<number>, outS: ArrayLike<number>): PairCounts {
  checkScores({ fn, argument: 'inS' }, inS);
  checkScores({ fn, argument: 'outS' }, outS);
  const ins = sortedCopy(inS);
  const outs = sortedCopy(outS);
  let wins = 0;
  let ties = 0;
  let below = 0;
  let upTo = 0;
  for (let i = 0; i < ins.length; i++) {
    const score = ins[i]!;
    while (below < outs.length && outs[below]! < score) below++;
    if (upTo < below) upTo = below;
    while (upTo < outs.length && outs[upTo]! === score) upTo++;
    wins += below;
    ties += upTo - below;
  }
  return { wins, ties, pairs: ins.length * outs.length };
}
