import { sortedCopy } from './sortedCopy';

/** Which side counts as the positive class. */
export type PositiveClass = 'in' | 'out';

/** What is accepted as positive at every distinct score, the most positive score first; one column per quantity. */
export interface OperatingPoints {
  /** The score itself: accepted is whatever is at least as positive. */
  readonly thresholds: Float64Array;
  /** Accepted positives. */
  readonly truePositives: Uint32Array;
  /** Accepted negatives. */
  readonly falsePositives: Uint32Array;
}

/** Merges both sides into groups of equal scores. High scores are the positive ones for `'in'`, low ones for `'out'`. */
export function operatingPoints(
  inS: ArrayLike<number>,
  outS: ArrayLike<number>,
  positive: PositiveClass,
): OperatingPoints {
  const highFirst = positive === 'in';
  const positives = sortedCopy(highFirst ? inS : outS);
  const negatives = sortedCopy(highFirst ? outS : inS);
  if (highFirst) {
    positives.reverse();
    negatives.reverse();
  }
  const size = positives.length + negatives.length;
  const thresholds = new Float64Array(size);
  const truePositives = new Uint32Array(size);
  const falsePositives = new Uint32Array(size);
  let groups = 0;
  for (let tp = 0, fp = 0; tp + fp < size; groups++) {
    const p = positives[tp] ?? negatives[fp]!;
    const n = negatives[fp] ?? p;
    const threshold = highFirst ? Math.max(p, n) : Math.min(p, n);
    while (positives[tp] === threshold) tp++;
    while (negatives[fp] === threshold) fp++;
    thresholds[groups] = threshold;
    truePositives[groups] = tp;
    falsePositives[groups] = fp;
  }
  return {
    thresholds: thresholds.subarray(0, groups),
    truePositives: truePositives.subarray(0, groups),
    falsePositives: falsePositives.subarray(0, groups),
  };
}
