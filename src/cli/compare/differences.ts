import { betaQuantile } from '../../detectors/incompleteBeta';

/** How much larger a number is for one model than for another on the same examples, with an interval of 95 %. */
export interface Difference {
  readonly value: number;
  /** Ends of the interval; null where there are fewer than two examples. */
  readonly low: number | null;
  readonly high: number | null;
  /** Examples that both models have seen. */
  readonly samples: number;
}

/** What cannot be an accident at this level is told. */
const LEVEL = 0.95;

/**
 * The mean of `after[i] - before[i]` with Student's interval, mean ± t s / sqrt(n) with n - 1 degrees of freedom: what examples
 * have in common cancels. Of a series that is longer the rest is left out.
 */
export function pairedDifference(before: ArrayLike<number>, after: ArrayLike<number>): Difference {
  const samples = Math.min(before.length, after.length);
  const changes = Float64Array.from({ length: samples }, (_, i) => after[i]! - before[i]!);
  const value = changes.reduce((sum, change) => sum + change, 0) / samples;
  if (samples < 2) return { value, low: null, high: null, samples };
  const squares = changes.reduce((sum, change) => sum + (change - value) ** 2, 0);
  const half = studentQuantile(samples - 1) * Math.sqrt(squares / (samples - 1) / samples);
  return { value, low: value - half, high: value + half, samples };
}

/**
 * The difference of two shares of errors on the same examples, of which the first model alone has `before` wrong and the second
 * alone `after`. Its interval is that of Wald with half an example added to each of the four kinds (Agresti and Min, "Simple
 * improved confidence intervals for comparing matched proportions", 2005), which holds for few errors too.
 */
export function errorDifference(wrongBefore: readonly boolean[], wrongAfter: readonly boolean[]): Difference {
  const samples = wrongBefore.length;
  const only = (one: readonly boolean[], other: readonly boolean[]) =>
    one.filter((wrong, i) => wrong && !other[i]).length;
  const [before, after] = [only(wrongBefore, wrongAfter), only(wrongAfter, wrongBefore)];
  const all = samples + 2;
  const centre = (after - before) / all;
  const half = (NORMAL * Math.sqrt((before + after + 1) / all - centre ** 2)) / Math.sqrt(all);
  const value = (after - before) / samples;
  return { value, low: Math.max(-1, centre - half), high: Math.min(1, centre + half), samples };
}

/** The 97.5 % quantile of the normal distribution. */
const NORMAL = 1.959963984540054;

/** The quantile of Student's t that leaves 5 % outside on both sides: t^2 = n (1 - b) / b with b of the distribution Beta(n / 2, 1 / 2). */
function studentQuantile(freedom: number): number {
  const b = betaQuantile(1 - LEVEL, freedom / 2, 1 / 2);
  return Math.sqrt((freedom * (1 - b)) / b);
}

/** Whether the second model has more or less, or whether that cannot be told. */
export function directionOf({ low, high }: Difference): 'more' | 'less' | 'unknown' {
  if (low !== null && low > 0) return 'more';
  return high !== null && high < 0 ? 'less' : 'unknown';
}
