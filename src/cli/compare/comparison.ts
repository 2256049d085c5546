import { betaQuantile } from '../../detectors/incompleteBeta';
import { type Measured, numbersOf } from '../../evaluation/measureBlocks';
import { IN_DISTRIBUTION } from '../../evaluation/oodReport';
import { oodRows } from '../../evaluation/oodRows';
import { listed } from '../data/matchClasses';
import { RAYS } from '../measure/rays';
import type { RunRecord } from '../measure/runRecord';
import { percent } from '../print/text';
import type { Result } from '../result/result';
import { summarise } from '../result/summarise';
import { surest } from '../result/verdict';

/** A model of a comparison: its name, and what an audit of it alone says. */
export interface Compared {
  readonly name: string;
  readonly record: RunRecord;
  readonly result: Result;
}

/** How one model differs from the first, on the same draws. */
export interface PairResult {
  readonly model: string;
  readonly against: string;
  /** Difference of the mean confidence of each row that both have, by its name. */
  readonly confidence: Readonly<Record<string, Difference>>;
  /** Difference of the limits along the same rays; null where one of them has no rays, or other bounds. */
  readonly farAway: Difference | null;
  /** Difference of the share of data classified wrongly; null without data. */
  readonly error: Difference | null;
  /** Rows without a difference, and why. */
  readonly notCompared: readonly string[];
}

/** What a comparison comes to, in words. */
export interface ComparisonVerdict {
  readonly text: string;
  readonly details: readonly string[];
  readonly next: readonly string[];
}

/** Everything that a comparison says: what `--json` writes. */
export interface Comparison {
  readonly format: 'relu-overconfidence comparison 1';
  /** The models in the order in which they were given, each with what `audit` writes of it. */
  readonly models: readonly { readonly name: string; readonly result: Result }[];
  /** All models but the first, each against the first. */
  readonly pairs: readonly PairResult[];
  readonly verdict: ComparisonVerdict;
}

/** What a record says of a model by itself. */
export function comparedOf(name: string, record: RunRecord): Compared {
  return { name, record, result: summarise(record, undefined) };
}

/** Compares all models with the first. */
export function comparisonOf(models: readonly Compared[]): Comparison {
  const [first, ...others] = models as readonly [Compared, ...Compared[]];
  const pairs = others.map((other) => pairOf(first, other));
  return {
    format: 'relu-overconfidence comparison 1',
    models: models.map(({ name, result }) => ({ name, result })),
    pairs,
    verdict: {
      text: [...(others.length > 1 ? [ranking(models)] : []), ...pairs.map((pair) => sentencesOf(pair))].join(' '),
      details: [
        ...models.map(({ name, result }) => `${name}: ${result.verdict.text}`),
        ...pairs.flatMap(({ notCompared, model, against }) =>
          notCompared.map((what) => `${model} and ${against}: ${what}`),
        ),
      ],
      next: nextSteps(first.result, pairs),
    },
  };
}

function pairOf(first: Compared, other: Compared): PairResult {
  const [before, after] = [first, other].map(({ record }) => oodRows(record.measured, record.run.model, true).rows);
  const unmeasured = [first, other].flatMap(({ name, result }) =>
    result.unmeasured.map((one) => ({ of: name, ...one })),
  );
  const confidence: Record<string, Difference> = {};
  const notCompared: string[] = [];
  for (const { name, scores } of before!) {
    const same = after!.find((row) => row.name === name);
    const missing = unmeasured.find((one) => one.name === name);
    if (missing !== undefined) notCompared.push(`${name} is not compared, as of ${missing.of} it ${missing.why}`);
    else if (scores !== undefined && same?.scores !== undefined)
      confidence[name] = pairedDifference(scores.confidences, same.scores.confidences);
    else notCompared.push(`${name} is not compared: it was not measured.`);
  }
  const [rays, otherRays] = [first, other].map(({ record }) => record.measured[RAYS]);
  const sameBounds = JSON.stringify(first.result.model.bounds) === JSON.stringify(other.result.model.bounds);
  const bothRays = first.result.rays !== null && other.result.rays !== null;
  if (!sameBounds)
    notCompared.push(
      'each has the same draws in its own bounds, which are not the same. What happens far away is not compared: the rays are others.',
    );
  else if (!bothRays && (first.result.rays ?? other.result.rays) !== null)
    notCompared.push('what happens far away is not compared, as one of them has no rays.');
  return {
    model: other.name,
    against: first.name,
    confidence,
    farAway:
      sameBounds && bothRays ? pairedDifference(numbersOf(rays!, 'limits'), numbersOf(otherRays!, 'limits')) : null,
    error: errorsOf(first, other),
    notCompared,
  };
}

function errorsOf(first: Compared, other: Compared): Difference | null {
  const [before, after] = [first, other].map(({ record }) => record.measured[IN_DISTRIBUTION]);
  return before === undefined || after === undefined ? null : errorDifference(wrongOf(before), wrongOf(after));
}

function wrongOf(data: Measured): boolean[] {
  const labels = numbersOf(data, 'labels');
  return Array.from(numbersOf(data, 'predicted'), (predicted, i) => predicted !== labels[i]);
}

/** The models by how sure they are of the row without data on which they are surest. */
function ranking(models: readonly Compared[]): string {
  const ranked = models
    .map(({ name, result }) => ({ name, worst: surest(result.rows) }))
    .sort((a, b) => (a.worst?.meanMaxConfidence ?? 2) - (b.worst?.meanMaxConfidence ?? 2))
    .map(({ name, worst }) =>
      worst === undefined
        ? `${name} (nothing measured)`
        : `${name} (${percent(worst.meanMaxConfidence!)} on ${worst.name})`,
    );
  return `From the least sure to the surest where nothing is to be known: ${ranked.join(', ')}.`;
}

/** Who is less sure of what, and what it costs. */
function sentencesOf(pair: PairResult): string {
  const { model, against, confidence, farAway, error } = pair;
  const places = Object.entries(confidence)
    .filter(([name]) => name !== IN_DISTRIBUTION)
    .map(([name, difference]): [string, Difference] => [`on ${name}`, difference]);
  if (farAway !== null) places.push(['far away', farAway]);
  const those = (direction: string) => places.filter(([, one]) => directionOf(one) === direction).map(([name]) => name);
  const [less, more, unknown] = [those('less'), those('more'), those('unknown')];
  const sure = [
    ...(less.length > 0 ? [`less sure than ${against} ${listed(less)}`] : []),
    ...(more.length > 0 ? [`surer ${less.length > 0 ? '' : `than ${against} `}${listed(more)}`] : []),
  ];
  return [
    ...(sure.length > 0 ? [`${model} is ${sure.join(', but ')}.`] : []),
    ...(unknown.length > 0
      ? [
          `No difference ${sure.length > 0 ? '' : `between ${model} and ${against} `}can be told ${listed(unknown, 'or')}.`,
        ]
      : []),
    ...(error === null ? [] : [costOf(error, less.length > 0)]),
  ].join(' ');
}

function costOf(error: Difference, gains: boolean): string {
  const points = (share: number) => Number((100 * share).toFixed(1));
  const { value, low, high } = error;
  const interval = (a: number, b: number) => `(95 % interval ${points(a)} to ${points(b)})`;
  const direction = directionOf(error);
  if (direction === 'less')
    return `${gains ? 'It costs no accuracy: its' : 'Its'} error is ${points(-value)} points lower ${interval(-high!, -low!)}.`;
  if (direction === 'more')
    return `${gains ? 'It costs accuracy: its' : 'Its'} error is ${points(value)} points higher ${interval(low!, high!)}.`;
  const rise = value === 0 ? 'the same' : `${points(Math.abs(value))} points ${value > 0 ? 'higher' : 'lower'}`;
  return `No difference in accuracy can be told: its error is ${rise} ${value < 0 ? interval(-high!, -low!) : interval(low!, high!)}.`;
}

function nextSteps({ testError, settings }: Result, pairs: readonly PairResult[]): string[] {
  const all = pairs.flatMap(({ confidence }) => Object.values(confidence));
  return [
    ...(testError === null ? ['What it costs in accuracy only data can tell: add --data FOLDER.'] : []),
    ...(all.some((one) => directionOf(one) === 'unknown')
      ? [`Small differences take more images: --samples ${4 * settings.noiseSamples} halves the intervals of noise.`]
      : []),
  ];
}

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

/** What the tables round to nothing is no difference, however surely it is there. */
const SMALLEST = 0.0005;

/** Whether the second model has more or less, or whether that cannot be told. */
export function directionOf({ value, low, high }: Difference): 'more' | 'less' | 'unknown' {
  if (Math.abs(value) < SMALLEST) return 'unknown';
  if (low !== null && low > 0) return 'more';
  return high !== null && high < 0 ? 'less' : 'unknown';
}
