import { checkFraction, checkKeys, checkOneOf, type KeysOf } from '../core/check';
import { checkScores } from './checkScores';
import { lowerThreshold, type PositiveClass, sortedCopy, upperThreshold } from './sortedCopy';

/** How the threshold of {@link fprAtTpr} is found. */
export type FprConvention = 'percentile' | 'roc' | 'nearest';

/** Options of {@link fprAtTpr}. */
export interface FprOptions {
  /** True positive rate at which the false positive rate is read, in [0, 1]. @defaultValue 0.95 */
  readonly tpr?: number;
  /** How the threshold is found, see {@link fprAtTpr}. @defaultValue 'percentile' */
  readonly convention?: FprConvention;
  /** The class whose examples count as positive. @defaultValue 'in' */
  readonly positive?: PositiveClass;
}

const KEYS: KeysOf<FprOptions> = { tpr: true, convention: true, positive: true };

/**
 * The false positive rate at a given true positive rate (FPR@95 of the paper's Table 1).
 *
 * With `positive: 'in'` an example is accepted if its score is `>=` the threshold and the result is the share of
 * out-scores accepted. With `positive: 'out'` it is accepted if its score is `<=` the threshold and the result is the
 * share of in-scores accepted. The threshold depends on the convention:
 *
 * - `'percentile'` (the paper): the (1 - tpr) quantile of the positive scores, with linear interpolation between order
 *   statistics (definition R-7); for `positive: 'out'` the tpr quantile, which is the same thing on the mirrored axis.
 *   The share of positives accepted is close to `tpr` but may be a little less.
 * - `'roc'`: the first point of the ROC curve with TPR >= tpr.
 * - `'nearest'`: the point of the ROC curve whose TPR is nearest to `tpr`; of two equally near ones the higher TPR, of
 *   several with the same TPR the lowest FPR.
 *
 * The ROC curve starts at (0, 0), where nothing is accepted. With many distinct scores the conventions agree closely;
 * with few scores or many ties they do not, so name yours when you report a number.
 *
 * @param inS - Scores of in-distribution examples, higher = more in-distribution; infinities are allowed.
 * @param outS - Scores of out-distribution examples on the same scale.
 * @returns A number in [0, 1]; lower is better.
 * @throws OverconfidenceError `EMPTY_INPUT` if a side has no scores, `NON_FINITE` for NaN, `INVALID_ARGUMENT` for
 *   anything but an array of numbers, `INVALID_OPTION` for an option out of its range.
 *
 * @example
 * ```ts
 * import { fprAtTpr } from 'relu-overconfidence';
 *
 * const inScores = [0.9, 0.8, 0.7, 0.6];
 * const outScores = [0.65, 0.3, 0.2, 0.1];
 * console.log(fprAtTpr(inScores, outScores)); // 0.25
 * console.log(fprAtTpr(inScores, outScores, { tpr: 0.75, convention: 'roc' })); // 0
 * ```
 */
export function fprAtTpr(inS: ArrayLike<number>, outS: ArrayLike<number>, options: FprOptions = {}): number {
  const fn = 'fprAtTpr';
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const { tpr = 0.95, convention = 'percentile', positive = 'in' } = options;
  checkScores({ fn, argument: 'inS' }, inS);
  checkScores({ fn, argument: 'outS' }, outS);
  checkFraction({ fn, argument: 'tpr' }, tpr);
  checkOneOf({ fn, argument: 'convention' }, convention, ['percentile', 'roc', 'nearest']);
  checkOneOf({ fn, argument: 'positive' }, positive, ['in', 'out']);

  const highFirst = positive === 'in';
  const positives = sortedCopy(highFirst ? inS : outS);
  const negatives = highFirst ? outS : inS;
  if (convention === 'percentile') {
    const threshold = highFirst ? upperThreshold(positives, tpr) : lowerThreshold(positives, tpr);
    return shareAccepted(negatives, threshold, highFirst);
  }
  if (highFirst) positives.reverse();
  const accepted = convention === 'roc' ? fewestFor(tpr, positives.length) : nearestTo(tpr, positives);
  return accepted === 0 ? 0 : shareAccepted(negatives, positives[accepted - 1]!, highFirst);
}

/** The smallest count whose share of `total` is at least `tpr`, compared as quotients because tpr * total rounds. */
function fewestFor(tpr: number, total: number): number {
  let count = Math.floor(tpr * total);
  while (count / total < tpr) count++;
  return count;
}

/** How many positives the point nearest to `tpr` accepts: it cannot stop inside a group of equal scores. */
function nearestTo(tpr: number, positives: Float64Array): number {
  const total = positives.length;
  const fewest = fewestFor(tpr, total);
  if (fewest === 0) return 0;
  const score = positives[fewest - 1];
  let below = fewest - 1;
  while (below > 0 && positives[below - 1] === score) below--;
  let above = fewest;
  while (positives[above] === score) above++;
  return tpr * total - below < above - tpr * total ? below : above;
}

function shareAccepted(scores: ArrayLike<number>, threshold: number, highFirst: boolean): number {
  let accepted = 0;
  for (let i = 0; i < scores.length; i++) {
    if (highFirst ? scores[i]! >= threshold : scores[i]! <= threshold) accepted++;
  }
  return accepted / scores.length;
}
