import { checkScores } from './checkScores';
import { type PositiveClass, type SortedSides, sortedSides } from './sortedCopy';

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

/**
 * Walks along the distinct scores of both sides, the most positive one first, and knows what is accepted at each.
 *
 * A cursor and no list, because lists of that length cost more time than the walk; no callback, because V8 allocates
 * memory whenever a callback changes a sum outside of it.
 */
class OperatingPoints {
  /** The score: accepted is whatever is at least as positive. */
  threshold = Number.NaN;
  /** Accepted positives. */
  truePositives = 0;
  /** Accepted negatives. */
  falsePositives = 0;
  private readonly sides: SortedSides;

  /** High scores are the positive ones for `'in'`, low ones for `'out'`. */
  constructor(inS: ArrayLike<number>, outS: ArrayLike<number>, positive: PositiveClass) {
    this.sides = sortedSides(inS, outS, positive);
  }

  /** Moves on to the next distinct score, the first one to begin with; `false` when there is none. */
  next(): boolean {
    const { positives, negatives, highFirst } = this.sides;
    let tp = this.truePositives;
    let fp = this.falsePositives;
    if (tp === positives.length && fp === negatives.length) return false;
    const p = tp < positives.length ? positives[tp]! : negatives[fp]!;
    const n = fp < negatives.length ? negatives[fp]! : p;
    const threshold = p > n === highFirst ? p : n;
    while (tp < positives.length && positives[tp] === threshold) tp++;
    while (fp < negatives.length && negatives[fp] === threshold) fp++;
    this.threshold = threshold;
    this.truePositives = tp;
    this.falsePositives = fp;
    return true;
  }
}
