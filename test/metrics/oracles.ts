import fc from 'fast-check';

/** The scores of the hand-computed example: one tie at .9, one at .8, one at .6 across the sides. */
export const IN = [0.99, 0.9, 0.9, 0.8, 0.7, 0.6, 0.5, 0.95, 0.85, 0.75];
export const OUT = [0.9, 0.6, 0.4, 0.3, 0.2, 0.55, 0.8, 0.1];

/** Scores from a handful of values, so that ties abound within and across the sides. */
export const tiedScores = fc.array(fc.constantFrom(-Infinity, -2, -0.5, -0, 0, 0.25, 0.5, 3, Infinity), {
  minLength: 1,
  maxLength: 25,
});

/** Arbitrary finite scores, ties rare. */
export const looseScores = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 25 });

export const anyScores = fc.oneof(tiedScores, looseScores);

export const share = (scores: readonly number[], accept: (s: number) => boolean) =>
  scores.filter(accept).length / scores.length;

/** Mirrors the axis, so that low scores of the out side become high scores of the positive side. */
export const mirrored = (scores: readonly number[]) => scores.map((s) => -s);

/** Every distinct score as a threshold, the highest first: how many of each side are accepted by `>=`. */
export function enumeratePoints(positives: readonly number[], negatives: readonly number[]) {
  // Adding 0 turns -0 into 0, which a Set and a sort would otherwise tell apart.
  const thresholds = [...new Set([...positives, ...negatives].map((s) => s + 0))].sort((a, b) => (a < b ? 1 : -1));
  return thresholds.map((threshold) => ({
    threshold,
    tp: positives.filter((s) => s >= threshold).length,
    fp: negatives.filter((s) => s >= threshold).length,
  }));
}

/** R-7 quantile straight from its formula. */
export function quantile(scores: readonly number[], p: number): number {
  const sorted = [...scores].sort((a, b) => a - b);
  const h = (sorted.length - 1) * p;
  const low = sorted[Math.floor(h)]!;
  const high = sorted[Math.ceil(h)]!;
  return low + (high - low) * (h - Math.floor(h));
}
