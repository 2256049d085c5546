import { checkFraction } from '../core/check';
import { checkScores } from './checkScores';
import { sortedCopy, upperThreshold } from './sortedCopy';

/**
 * The score above which a share `tpr` of the in-distribution examples lies: the (1 - tpr) quantile of their scores, by
 * linear interpolation between order statistics (definition R-7, the default of NumPy and R).
 *
 * @param inS - Scores of in-distribution examples, higher = more in-distribution; infinities are allowed.
 * @param tpr - Wanted true positive rate, in [0, 1]. Default 0.95, which gives the 5th percentile.
 * @returns The threshold, in the unit of the scores.
 * @throws OverconfidenceError `EMPTY_INPUT` without scores, `NON_FINITE` for NaN, `INVALID_ARGUMENT` for anything but
 *   an array of numbers, `INVALID_OPTION` if `tpr` is outside [0, 1].
 *
 * @example
 * ```ts
 * import { thresholdAtTpr } from 'relu-overconfidence';
 *
 * console.log(thresholdAtTpr([1, 2, 3, 4, 5], 0.75)); // 2
 * ```
 */
export function thresholdAtTpr(inS: ArrayLike<number>, tpr = 0.95): number {
  const fn = 'thresholdAtTpr';
  checkScores({ fn, argument: 'inS' }, inS);
  checkFraction({ fn, argument: 'tpr' }, tpr);
  return upperThreshold(sortedCopy(inS), tpr);
}
