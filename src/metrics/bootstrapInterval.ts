import { checkFunction, checkKeys, checkWhole, type KeysOf, refuse, show } from '../core/check';
import { follow, type ProgressOptions } from '../core/progress';
import { type RandomOptions, resolveRng } from '../core/resolveRng';
import type { Rng } from '../core/rng';
import { checkScores } from './checkScores';
import { lowerThreshold, sortedCopy, upperThreshold } from './sortedCopy';

/** A number computed from in-distribution and out-distribution scores, such as `auroc`. */
export type ScoreMetric = (inS: ArrayLike<number>, outS: ArrayLike<number>) => number;

/**
 * Options of {@link bootstrapInterval}. Progress is counted in resamples; the call is synchronous, so a signal must be fired
 * in `onProgress`.
 */
export interface BootstrapOptions extends RandomOptions, ProgressOptions {
  /** Wanted coverage of the interval, in (0, 1). @defaultValue 0.95 */
  readonly level?: number;
  /** How many times both sides are drawn anew. @defaultValue 1000 */
  readonly resamples?: number;
}

const KEYS: KeysOf<BootstrapOptions> = {
  level: true,
  resamples: true,
  seed: true,
  rng: true,
  onProgress: true,
  signal: true,
};

/** A metric with its bootstrap interval. */
export interface BootstrapInterval {
  /** The metric of the scores as given. */
  readonly estimate: number;
  /** Lower end of the interval. */
  readonly lower: number;
  /** Upper end of the interval. */
  readonly upper: number;
}

/**
 * A percentile bootstrap interval of a metric: both sides are drawn with replacement, each at its own size, and the
 * interval spans the (1 - level) / 2 and (1 + level) / 2 quantiles of the metric over the resamples.
 *
 * From Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13. It measures the spread over the
 * choice of test examples, not over training runs. A metric at the edge of its range (an AUROC of exactly 1) gets an
 * interval of width zero, because every resample is perfect too.
 *
 * @param metric - What to compute, such as {@link auroc}. The arrays it is called with are reused: it must not keep them.
 * @param inS - Scores of in-distribution examples, higher = more in-distribution; infinities are allowed.
 * @param outS - Scores of out-distribution examples on the same scale.
 * @throws OverconfidenceError `EMPTY_INPUT` if a side has no scores, `NON_FINITE` for NaN among the scores or as the
 *   metric's result, `INVALID_ARGUMENT` if `metric` is not a function or a side is not an array of numbers,
 *   `INVALID_OPTION` for an option out of its range, `ABORTED`.
 *
 * @example
 * ```ts
 * import { bootstrapInterval, fprAtTpr } from 'relu-overconfidence';
 *
 * const inScores = Array.from({ length: 200 }, (_, i) => i / 200);
 * const outScores = inScores.map((s) => s ** 2);
 * const { estimate, lower, upper } = bootstrapInterval(
 *   (inS, outS) => fprAtTpr(inS, outS, { tpr: 0.8 }),
 *   inScores,
 *   outScores,
 *   { resamples: 200, seed: 1 },
 * );
 * console.log(lower <= estimate && estimate <= upper); // true
 * ```
 */
export function bootstrapInterval(
  metric: ScoreMetric,
  inS: ArrayLike<number>,
  outS: ArrayLike<number>,
  options: BootstrapOptions = {},
): BootstrapInterval {
  const fn = 'bootstrapInterval';
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const { level = 0.95, resamples = 1000 } = options;
  checkFunction({ fn, argument: 'metric' }, metric);
  checkScores({ fn, argument: 'inS' }, inS);
  checkScores({ fn, argument: 'outS' }, outS);
  if (typeof level !== 'number' || !(level > 0 && level < 1))
    refuse({ fn, argument: 'level' }, 'INVALID_OPTION', 'a number in (0, 1)', show(level), 'Pass for example 0.95.');
  checkWhole({ fn, argument: 'resamples' }, resamples);
  const rng = resolveRng(options);
  const tell = follow(fn, options, resamples);

  const estimate = checkResult(metric(inS, outS));
  const ins = new Float64Array(inS.length);
  const outs = new Float64Array(outS.length);
  const values = new Float64Array(resamples);
  for (let i = 0; i < resamples; i++) {
    resample(inS, ins, rng);
    resample(outS, outs, rng);
    values[i] = checkResult(metric(ins, outs));
    tell(i + 1, 'resamples');
  }
  const sorted = sortedCopy(values);
  const below = (1 + level) / 2;
  return { estimate, lower: upperThreshold(sorted, below), upper: lowerThreshold(sorted, below) };
}

function resample(from: ArrayLike<number>, into: Float64Array, rng: Rng): void {
  for (let i = 0; i < into.length; i++) into[i] = from[rng.integer(from.length)]!;
}

function checkResult(value: number): number {
  if (typeof value !== 'number' || Number.isNaN(value))
    refuse(
      { fn: 'bootstrapInterval', argument: 'metric' },
      typeof value === 'number' ? 'NON_FINITE' : 'INVALID_ARGUMENT',
      'a function that returns a number',
      `${show(value)} from a call`,
      'Pass a metric that is defined for every resample of the scores.',
    );
  return value;
}
