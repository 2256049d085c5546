import { isClassifier } from '../classifier/classifier';
import { layersModelOf } from '../classifier/layersModelOf';
import type { ModelLike } from '../classifier/types';
import { type Bounds, boundsAt, checkBox, isPair } from '../core/bounds';
import { checkKeys, checkNonNegative, checkWhole, type KeysOf } from '../core/check';
import { inTasks, type Pausing } from '../core/pausing';
import { follow, type ProgressOptions } from '../core/progress';
import { orderStatistic, sortedCopy } from '../metrics/sortedCopy';
import { isLater } from '../regions/ray/lines';
import { movingRay } from '../regions/ray/movingRay';
import { onlyPieces, type RayPiece, type RayStep } from '../regions/rayPieces';
import { readRows, type Samples } from '../regions/readRows';
import { toPiecewiseAffine } from '../regions/toPiecewiseAffine';
import type { PiecewiseAffine } from '../regions/types';
import { checkNoOrigin } from './checkTheorem31';
import { type ConfidenceTarget, logOdds, targetLogOdds } from './confidenceTarget';
import { firstCrossing } from './firstCrossing';
import { findAlpha, findLogOdds } from './minimalAlpha';

/** Options of {@link alphaScaling}. Progress is counted in samples. */
export interface AlphaScalingOptions extends ConfidenceTarget, ProgressOptions {
  /** The smallest alpha looked at, >= 0. @defaultValue 1 */
  readonly from?: number;
  /** Confidence from which on a point inside the box counts as overconfident, between 0 and 1. @defaultValue 0.95 */
  readonly overconfident?: number;
  /** The box that alpha x is clipped back to. @defaultValue the bounds of a classifier, otherwise [0, 1] */
  readonly bounds?: Bounds;
  /**
   * How many points of the path clip(alpha x) are looked at for `overconfidentOnRay`, besides the two ends and the minimal
   * alpha; or 'exact', which misses nothing and takes far longer. @defaultValue 100
   */
  readonly pathPoints?: number | 'exact';
  /**
   * A ray is given up once so many values of the network have been updated along it, of which a machine does some ten million
   * in a second; 0 follows none. Of its minimal alpha only bounds are known then. @defaultValue Infinity
   */
  readonly maxUpdates?: number;
}

/** Table 2 of arXiv 1812.05720 for one model. */
export interface AlphaScaling {
  /** The median of `alphas`; Infinity if half of the samples or more never get there, or are not known to. */
  readonly medianAlpha: number;
  /** The median of `leastAlphas`: the median of the minimal alphas lies between the two. */
  readonly leastMedianAlpha: number;
  /** Share of samples that are overconfident at clip(alpha x) for their alpha in `alphas`; none counts if there is none. */
  readonly overconfidentAtMinimalAlpha: number;
  /** Share of samples that are overconfident at clip(alpha x) for some alpha >= `from`. */
  readonly overconfidentOnRay: number;
  /**
   * The minimal alpha of each sample, Infinity where the confidence is reached nowhere. Of a ray that was given up the smallest
   * alpha at which the confidence was met, found by doubling and halving: the minimal alpha is no larger.
   */
  readonly alphas: Float64Array;
  /** The minimal alpha is no smaller: the same as `alphas`, or up to where a ray that was given up had been followed. */
  readonly leastAlphas: Float64Array;
  /** Samples whose minimal alpha is exact; all of them without `maxUpdates`. */
  readonly followed: number;
}

const KEYS: KeysOf<AlphaScalingOptions> = {
  confidence: true,
  oneMinusConfidence: true,
  from: true,
  overconfident: true,
  bounds: true,
  pathPoints: true,
  maxUpdates: true,
  onProgress: true,
  signal: true,
};

/**
 * Scales samples up until the network is sure of itself: Table 2 of arXiv 1812.05720. The paper takes 10,000 samples of
 * uniform noise, a confidence of 99.9 %, and reports the median of the smallest alpha >= 1 ({@link minimalAlpha}).
 *
 * The second row of the table is the share of samples with more than 95 % confidence after alpha x has been clipped back
 * to the box of valid inputs. It can be read in two ways, and both are reported: at the minimal alpha, or at some alpha of
 * the ray, which is what the published numbers match. clip(alpha x) is a path of straight parts that turns where an entry
 * reaches the border. For the second reading its two ends, the minimal alpha and `pathPoints` of its turning points, evenly
 * spaced by their order, are looked at until one is sure, so the share may be a little too small; `pathPoints: 'exact'`
 * follows the network along the whole path instead. For a LeNet that is some ten thousand linear pieces, and seconds, for
 * each sample that stays unsure.
 *
 * A convolutional network for images of 224 x 224 has millions of kinks on a ray, too many to follow. With `maxUpdates` a ray
 * is given up, and bounds take the place of its minimal alpha. Other tasks run in between, also within a ray.
 *
 * @param netOrModel - A network read by `toPiecewiseAffine`, or a LayersModel or a classifier of one, which is then read here.
 * @param samples - `[n, ...inputShape]`, or n flat lists of d numbers; none of them all zero.
 * @throws OverconfidenceError, by rejecting the promise: `UNSUPPORTED_MODEL` for any other model, whose linear pieces cannot
 *   be known, and for a layer that cannot be read; `INVALID_ARGUMENT`, `INVALID_SHAPE`, `EMPTY_INPUT` or `NON_FINITE` for
 *   `samples`; `INVALID_OPTION`; `ABORTED`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { uniformNoise } from 'relu-overconfidence';
 * import { mlp } from 'relu-overconfidence/models';
 * import { alphaScaling } from 'relu-overconfidence/theory';
 *
 * const model = mlp({ inputShape: [4], hidden: [16, 16], classes: 3, seed: 1 });
 * const { medianAlpha, overconfidentOnRay } = await alphaScaling(model, uniformNoise([20, 4], { seed: 1 }), {
 *   onProgress: ({ done, total, remainingMs }) => console.log(`${done} of ${total}, ${remainingMs} ms left`),
 * });
 * console.log(medianAlpha, overconfidentOnRay);
 * ```
 */
export async function alphaScaling(
  netOrModel: PiecewiseAffine | ModelLike,
  samples: Samples,
  options: AlphaScalingOptions = {},
): Promise<AlphaScaling> {
  const fn = 'alphaScaling';
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const known = isClassifier(netOrModel) ? netOrModel.bounds : undefined;
  const { from = 1, overconfident = 0.95, bounds = known ?? [0, 1], pathPoints = 100, maxUpdates } = options;
  checkNonNegative({ fn, argument: 'from' }, from);
  checkBox({ fn, argument: 'bounds' }, bounds);
  if (pathPoints !== 'exact') checkWhole({ fn, argument: 'pathPoints' }, pathPoints);
  if (maxUpdates !== undefined && maxUpdates !== Number.POSITIVE_INFINITY)
    checkWhole({ fn, argument: 'maxUpdates' }, maxUpdates, 0);
  const target = targetLogOdds(fn, options);
  const question = { from, bounds, points: pathPoints, target: logOdds(fn, 'overconfident', overconfident) };
  const net = readNet(fn, netOrModel);
  if (!isPair(bounds)) checkBox({ fn, argument: 'bounds' }, bounds, net.inputShape);
  const rows = readRows({ fn, argument: 'samples' }, net, samples);
  checkNoOrigin(fn, rows);

  const tell = follow(fn, options, rows.length);
  const alphas = new Float64Array(rows.length);
  const leastAlphas = new Float64Array(rows.length);
  let [atMinimal, onRay] = [0, 0];
  const scaleAll = function* (): Pausing<void> {
    for (const [n, x] of rows.entries()) {
      const { alpha, atLeast } = yield* findAlpha(net, x, {
        from,
        target,
        ...(maxUpdates !== undefined && { maxUpdates }),
      });
      [alphas[n], leastAlphas[n]] = [alpha, atLeast];
      const sureThere = alpha < Number.POSITIVE_INFINITY && (yield* sureAt(net, x, alpha, question));
      if (sureThere) atMinimal++;
      if (sureThere || (yield* sureOnPath(net, x, question))) onRay++;
      tell(n + 1, 'alpha scaling');
    }
  };
  await inTasks(fn, scaleAll(), options.signal);
  const median = (numbers: Float64Array) => orderStatistic(sortedCopy(numbers), (rows.length - 1) / 2);
  return {
    medianAlpha: median(alphas),
    leastMedianAlpha: median(leastAlphas),
    overconfidentAtMinimalAlpha: atMinimal / rows.length,
    overconfidentOnRay: onRay / rows.length,
    alphas,
    leastAlphas,
    followed: alphas.filter((alpha, n) => alpha === leastAlphas[n]).length,
  };
}

function readNet(fn: string, model: PiecewiseAffine | ModelLike): PiecewiseAffine {
  if (model !== null && typeof model === 'object' && 'nodes' in model) return model;
  layersModelOf({ fn, argument: 'netOrModel' }, model);
  return toPiecewiseAffine(model);
}

/** The part of the path clip(alpha x) that is asked about. */
interface PathQuestion {
  readonly from: number;
  readonly bounds: Bounds;
  /** Log-odds that count. */
  readonly target: number;
  /** How many points of the path are looked at, or all of them. */
  readonly points: number | 'exact';
}

/** Whether the log-odds of the predicted class reach the target at clip(alpha x); alpha may be Infinity. */
function* sureAt(
  net: PiecewiseAffine,
  x: Float64Array,
  alpha: number,
  { bounds, target }: Pick<PathQuestion, 'bounds' | 'target'>,
): Pausing<boolean> {
  return (yield* findLogOdds(net, clipped(x, alpha, bounds))) >= target;
}

/** Whether they reach it somewhere on the path. */
function* sureOnPath(net: PiecewiseAffine, x: Float64Array, question: PathQuestion): Pausing<boolean> {
  const { from, bounds, target, points } = question;
  const places = points === 'exact' ? [] : spread(turningPoints(x, from, bounds), points);
  for (const at of [from, Number.POSITIVE_INFINITY, ...places]) if (yield* sureAt(net, x, at, question)) return true;
  if (points !== 'exact') return false;
  for (const step of walkClipped(net, x, from, bounds)) {
    if (step?.piece && firstCrossing(step.piece, target) !== undefined) return true;
    yield;
  }
  return false;
}

/** At most `count` of the values, evenly spaced by their place. */
function spread(values: readonly number[], count: number): number[] {
  if (values.length <= count) return [...values];
  return Array.from({ length: count }, (_, n) => values[Math.floor(((n + 0.5) * values.length) / count)]!);
}

/** Changes after which everything is computed from scratch, so that rounding does not add up. */
const RENEW_AFTER = 512;

/** alpha x with every entry moved to the nearest number of the box; alpha may be Infinity. */
export function clipped(x: Float64Array, alpha: number, box: Bounds): Float64Array {
  return x.map((value, i) => {
    const [low, high] = boundsAt(box, i);
    return Math.min(high, Math.max(low, value === 0 ? 0 : alpha * value));
  });
}

/**
 * The linear pieces of a network along the path clip(alpha x), from `from` until nothing moves any more: each entry of the
 * input is a line that bends where it enters the box and where it leaves it. Where nothing moves there is no piece.
 */
export function clippedPieces(
  net: PiecewiseAffine,
  x: Float64Array,
  from: number,
  box: Bounds,
): Generator<RayPiece, void, undefined> {
  return onlyPieces(walkClipped(net, x, from, box));
}

/** The same with pauses. */
function* walkClipped(
  net: PiecewiseAffine,
  x: Float64Array,
  from: number,
  box: Bounds,
): Generator<RayStep | undefined, void, undefined> {
  const moving = x.map((value, i) =>
    value !== 0 && entersAt(value, boundsAt(box, i)) <= from && from < leavesAt(value, boundsAt(box, i)) ? 1 : 0,
  );
  const slopes = x.map((value, i) => moving[i]! * value);
  const intercepts = clipped(x, from, box).map((value, i) => (moving[i] === 1 ? 0 : value));
  const ray = yield* movingRay(net, { intercepts, slopes }, from);
  const turns = turnsAfter(x, from, box);
  let begin = from;
  for (let [turn, changes] = [0, 1]; turn < turns.length; changes++) {
    const { at, entry, change } = turns[turn]!;
    const t = Math.min(at, ray.next());
    let done: Pick<RayPiece, 'slope' | 'intercept'> | undefined;
    const beforeBend = () => {
      const { slopes: slope, intercepts: intercept } = ray.logits();
      if (isLater(t, begin)) done = { slope: slope.slice(), intercept: intercept.slice() };
    };
    if (t < at) ray.advance(beforeBend);
    else {
      ray.turn(t, entry, change, beforeBend);
      turn++;
    }
    yield { piece: done && { from: begin, to: t, ...done }, updates: ray.updates() };
    if (done !== undefined) begin = t;
    if (changes % RENEW_AFTER === 0) yield* ray.renew(t);
  }
}

/** The alphas > `from` at which an entry enters the box or leaves it, in ascending order. */
function turningPoints(x: Float64Array, from: number, box: Bounds): number[] {
  return turnsAfter(x, from, box).map(({ at }) => at);
}

interface Turn {
  readonly at: number;
  readonly entry: number;
  /** What is added to the slope of the entry. */
  readonly change: number;
}

function turnsAfter(x: Float64Array, from: number, box: Bounds): Turn[] {
  const turns = Array.from(x, (value, entry) => [
    { at: entersAt(value, boundsAt(box, entry)), entry, change: value },
    { at: leavesAt(value, boundsAt(box, entry)), entry, change: -value },
  ]).flat();
  return turns
    .filter(({ at, change }) => change !== 0 && at > from && at < Number.POSITIVE_INFINITY)
    .sort((a, b) => a.at - b.at);
}

function entersAt(value: number, [low, high]: readonly [number, number]): number {
  return (value > 0 ? low : high) / value;
}

function leavesAt(value: number, [low, high]: readonly [number, number]): number {
  return (value > 0 ? high : low) / value;
}
