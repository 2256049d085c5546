import { checkScores } from './checkScores';
import { OperatingPoints } from './operatingPoints';

/** The ROC curve, one entry per point in each array. */
export interface RocCurve {
  /** Share of out-scores `>=` the threshold; rises from 0 to 1. */
  readonly fpr: Float64Array;
  /** Share of in-scores `>=` the threshold; rises from 0 to 1. */
  readonly tpr: Float64Array;
  /** Falling thresholds in the unit of the scores: Infinity for the start (0, 0), then every distinct score. */
  readonly thresholds: Float64Array;
}

/**
 * The ROC curve with in-distribution as the positive class: a start at (0, 0) and one point per distinct score.
 *
 * Equal scores share one point, so the area under the straight lines between the points is {@link auroc} with ties
 * counted half. The start accepts nothing, not even scores of Infinity.
 *
 * @param inS - Scores of in-distribution examples, higher = more in-distribution; infinities are allowed.
 * @param outS - Scores of out-distribution examples on the same scale.
 * @throws OverconfidenceError `EMPTY_INPUT` if a side has no scores, `NON_FINITE` for NaN, `INVALID_ARGUMENT` for
 *   anything but an array of numbers.
 *
 * @example
 * ```ts
 * import { rocCurve } from 'relu-overconfidence';
 *
 * const { fpr, tpr } = rocCurve([0.9, 0.5], [0.5, 0.1]);
 * console.log([...fpr], [...tpr]); // [0, 0, 0.5, 1] [0, 0.5, 1, 1]
 * ```
 */
export function rocCurve(inS: ArrayLike<number>, outS: ArrayLike<number>): RocCurve {
  const fn = 'rocCurve';
  checkScores({ fn, argument: 'inS' }, inS);
  checkScores({ fn, argument: 'outS' }, outS);
  const most = 1 + inS.length + outS.length;
  const fpr = new Float64Array(most);
  const tpr = new Float64Array(most);
  const thresholds = new Float64Array(most);
  thresholds[0] = Number.POSITIVE_INFINITY;
  const point = new OperatingPoints(inS, outS, 'in');
  let size = 1;
  for (; point.next(); size++) {
    thresholds[size] = point.threshold;
    fpr[size] = point.falsePositives / outS.length;
    tpr[size] = point.truePositives / inS.length;
  }
  return { fpr: fpr.slice(0, size), tpr: tpr.slice(0, size), thresholds: thresholds.slice(0, size) };
}
