import { sortedCopy } from './sortedCopy';

/** Which side counts as the positive class. */
export type PositiveClass = 'in' | 'out';

/** Scores of positives and negatives, the most positive score first. */
export interface SortedSides {
  readonly positives: Float64Array;
  readonly negatives: Float64Array;
  /** Whether high scores are the positive ones. */
  readonly highFirst: boolean;
}

/** Sorts both sides. High scores are the positive ones for `'in'`, low ones for `'out'`. */
export function sortedSides(inS: ArrayLike<number>, outS: ArrayLike<number>, positive: PositiveClass): SortedSides {
  const highFirst = positive === 'in';
  const positives = sortedCopy(highFirst ? inS : outS);
  const negatives = sortedCopy(highFirst ? outS : inS);
  if (highFirst) {
    positives.reverse();
    negatives.reverse();
  }
  return { positives, negatives, highFirst };
}
