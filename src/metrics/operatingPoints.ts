import { type PositiveClass, type SortedSides, sortedSides } from './sortedSides';

/**
 * Walks along the distinct scores of both sides, the most positive one first, and knows what is accepted at each.
 *
 * A cursor and no list, because lists of that length cost more time than the walk; no callback, because V8 allocates
 * memory whenever a callback changes a sum outside of it.
 */
export class OperatingPoints {
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
