import { checkKeys, checkOneOf, checkWhole, refuse } from '../core/check';
import { checkScores } from '../metrics/checkScores';
import { sortedCopy } from '../metrics/sortedCopy';
import { betaQuantile } from './incompleteBeta';

/** What a threshold is to promise. */
export interface ThresholdOptions {
  /** The share of in-distribution images to be kept, in (0, 1). @defaultValue 0.95 */
  readonly keep?: number;
  /** How certain `atLeast` is to be, in (0, 1). @defaultValue 0.95 */
  readonly certainty?: number;
  /**
   * What is to hold for `keep`: the mean share of later images that is kept, `'mean'`, or that share itself with the
   * certainty asked for, `'certain'`, which takes a lower threshold and more images. @defaultValue 'mean'
   */
  readonly promise?: 'mean' | 'certain';
  /** How many later images `atLeast` is a share of. @defaultValue Infinity: all there will ever be */
  readonly later?: number;
}

/** A threshold, and what it promises for images that come later, of the same kind as those of the scores. */
export interface Threshold {
  /** The lowest score that is accepted. */
  readonly threshold: number;
  /** The share of the scores given that is accepted. */
  readonly kept: number;
  /** With the certainty asked for, no less than this share of later images is accepted: of all, or of as many as `later` says. */
  readonly atLeast: number;
  /** That certainty. */
  readonly certainty: number;
  /** Number of scores that the threshold was chosen from. */
  readonly count: number;
  /** How many scores it takes to promise the share asked for; with fewer the lowest score is the threshold. */
  readonly needed: number;
}

const fn = 'chooseThreshold';

/**
 * Chooses a threshold that keeps a share of the in-distribution images, from scores of images that the detector was not fitted on
 * (held out, or each left out in turn).
 *
 * With n scores `s_(1) <= ... <= s_(n)` it is `s_(r)`, `r = floor((1 - keep)(n + 1))`: a later image is accepted with a
 * probability of at least `keep`, the mean taken over the scores too (split conformal prediction). For the n scores at hand the
 * share C of all later images that is accepted varies as `Beta(n - r + 1, r)` does, whatever the distribution of the scores, so
 * `atLeast = I^-1(1 - certainty; n - r + 1, r)` holds with the certainty asked for. That is also the lower end of the exact
 * interval of Clopper and Pearson for n - r + 1 of n. Equal scores only make C larger.
 *
 * A number of later images, m, varies more than all of them. Their places among n + m scores are equally likely in every order, so
 * b of them lie below `s_(r)` with the probability `C(r - 1 + b, b) C(n - r + m - b, m - b) / C(n + m, m)`, and
 * `atLeast = 1 - b / m` for the least b that is not exceeded with the certainty asked for.
 *
 * With `promise: 'certain'` r is the largest for which `atLeast >= keep`.
 *
 * `needed = ceil(keep / (1 - keep))`, 19 for 95 %, and the least number for which r = 1 is certain to keep as much, 59 for all later
 * images. From fewer scores r would be 0; then the lowest is the threshold, and keeps what `atLeast` says.
 *
 * @param inScores - Scores of in-distribution images, higher = more in-distribution; infinities are allowed.
 * @throws OverconfidenceError `EMPTY_INPUT`, `NON_FINITE` for NaN, `INVALID_ARGUMENT`, `INVALID_OPTION`.
 *
 * @example
 * ```ts
 * import { chooseThreshold } from 'relu-overconfidence/detectors';
 *
 * const scores = Array.from({ length: 119 }, (_, i) => i / 119);
 * const { threshold, kept, atLeast } = chooseThreshold(scores, { keep: 0.95 });
 * console.log(threshold === scores[5], kept.toFixed(3), atLeast.toFixed(3)); // true 0.958 0.914
 * ```
 */
export function chooseThreshold(inScores: ArrayLike<number>, options: ThresholdOptions = {}): Threshold {
  const { keep, certainty, promise, later } = checkPromise(fn, options);
  checkScores({ fn, argument: 'inScores' }, inScores);
  const sorted = sortedCopy(inScores);
  const count = sorted.length;
  const least = (rank: number) => leastKept(count, rank, { certainty, later });
  // Rounding must not turn 0.05 x 20 into 0.
  let rank = Math.max(1, Math.floor((1 - keep) * (count + 1) + 1e-9));
  if (promise === 'certain') while (rank > 1 && least(rank) < keep) rank--;
  const threshold = sorted[rank - 1]!;
  const below = sorted.filter((score) => score < threshold).length;
  return {
    threshold,
    kept: (count - below) / count,
    atLeast: least(rank),
    certainty,
    count,
    needed: promise === 'certain' ? neededFor(keep, { certainty, later }) : Math.ceil(keep / (1 - keep) - 1e-9),
  };
}

type Certain = Pick<Required<ThresholdOptions>, 'certainty' | 'later'>;

/** The share of later images at or above the r-th lowest of n scores that is reached with a certainty. */
function leastKept(count: number, rank: number, { certainty, later }: Certain): number {
  if (later === Number.POSITIVE_INFINITY) return betaQuantile(1 - certainty, count - rank + 1, rank);
  let log = 0;
  for (let i = 0; i < rank; i++) log += Math.log((count - i) / (count + later - i));
  let below = 0;
  // Rounding must not turn 19 of 20 into less than 0.95.
  for (let sum = Math.exp(log); sum < certainty - 1e-12 && below < later; below++) {
    log += Math.log(((rank + below) * (later - below)) / ((below + 1) * (count - rank + later - below)));
    sum += Math.exp(log);
  }
  return 1 - below / later;
}

/** How many scores it takes for the lowest to keep a share with a certainty. */
function neededFor(keep: number, { certainty, later }: Certain): number {
  if (later === Number.POSITIVE_INFINITY) return Math.ceil(Math.log(1 - certainty) / Math.log(keep) - 1e-9);
  let count = 1;
  while (leastKept(count, 1, { certainty, later }) < keep) count++;
  return count;
}

/**
 * The same for each class on its own: classes that are harder keep their share too, and each needs as many images.
 *
 * @param inScores - Scores of in-distribution images, higher = more in-distribution.
 * @param classes - What the model takes each of them for, K classes from 0 on: at run time nothing else is known.
 * @param count - Number of classes K.
 * @returns For each class its threshold; undefined where there is no score of it.
 * @throws OverconfidenceError as {@link chooseThreshold}; `INVALID_LABELS` for a class that is not one of K.
 *
 * @example
 * ```ts
 * import { chooseThresholds } from 'relu-overconfidence/detectors';
 *
 * const [a, b, c] = chooseThresholds([1, 2, 9, 8], [0, 0, 2, 2], 3);
 * console.log(a?.threshold, b, c?.threshold, c?.needed); // 1 undefined 8 19
 * ```
 */
export function chooseThresholds(
  inScores: ArrayLike<number>,
  classes: ArrayLike<number>,
  count: number,
  options: ThresholdOptions = {},
): readonly (Threshold | undefined)[] {
  checkScores({ fn: 'chooseThresholds', argument: 'inScores' }, inScores);
  const ofClass = Array.from({ length: count }, (): number[] => []);
  for (let i = 0; i < inScores.length; i++) {
    const scores = ofClass[classes[i]!];
    if (scores === undefined)
      refuse(
        { fn: 'chooseThresholds', argument: 'classes' },
        'INVALID_LABELS',
        `a class from 0 to ${count - 1} for each score`,
        `${classes[i]} at index ${i}`,
        'Pass what `predictions` returns.',
      );
    scores.push(inScores[i]!);
  }
  return ofClass.map((scores) => (scores.length === 0 ? undefined : chooseThreshold(scores, options)));
}

function checkPromise(name: string, options: ThresholdOptions): Required<ThresholdOptions> {
  checkKeys({ fn: name, argument: 'options' }, options, { keep: true, certainty: true, promise: true, later: true });
  const { keep = 0.95, certainty = 0.95, promise = 'mean', later = Number.POSITIVE_INFINITY } = options;
  checkOneOf({ fn: name, argument: 'promise' }, promise, ['mean', 'certain']);
  for (const [argument, value] of Object.entries({ keep, certainty }))
    if (!(value > 0 && value < 1))
      refuse({ fn: name, argument }, 'INVALID_OPTION', 'a share between 0 and 1', String(value), 'Pass 0.95.');
  if (later !== Number.POSITIVE_INFINITY) checkWhole({ fn: name, argument: 'later' }, later);
  return { keep, certainty, promise, later };
}

/**
 * The conformal p-value of a score: `(1 + number of in-scores <= score) / (n + 1)`. Of an in-distribution image it is at most p with a
 * probability of at most p; small values speak against the image (Vovk, Gammerman and Shafer 2005).
 *
 * @param inScores - Scores of in-distribution images that the detector was not fitted on.
 * @throws OverconfidenceError `EMPTY_INPUT`, `NON_FINITE` for NaN, `INVALID_ARGUMENT`.
 *
 * @example
 * ```ts
 * import { conformalPValue } from 'relu-overconfidence/detectors';
 *
 * console.log(conformalPValue([0.1, 0.5, 0.9], 0.4)); // 0.5
 * ```
 */
export function conformalPValue(inScores: ArrayLike<number>, score: number): number {
  checkScores({ fn: 'conformalPValue', argument: 'inScores' }, inScores);
  checkScores({ fn: 'conformalPValue', argument: 'score' }, [score]);
  let below = 0;
  for (let i = 0; i < inScores.length; i++) if (inScores[i]! <= score) below++;
  return (1 + below) / (inScores.length + 1);
}
