import { checkScores } from './checkScores';
import { operatingPoints } from './operatingPoints';

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
  const points = operatingPoints(inS, outS, 'in');
  const size = points.thresholds.length + 1;
  const fpr = new Float64Array(size);
  const tpr = new Float64Array(size);
  const thresholds = new Float64Array(size);
  thresholds[0] = Number.POSITIVE_INFINITY;
  thresholds.set(points.thresholds, 1);
  for (let i = 1; i < size; i++) {
    fpr[i] = points.falsePositives[i - 1]! / outS.length;
    tpr[i] = points.truePositives[i - 1]! / inS.length;
  }
  return { fpr, tpr, thresholds };
}
