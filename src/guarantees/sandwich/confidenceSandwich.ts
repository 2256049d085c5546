import * as tf from '@tensorflow/tfjs-core';
import { maxConfidenceAttack } from '../../attacks/maxConfidenceAttack';
import { asClassifier } from '../../classifier/asClassifier';
import { layersModelOf } from '../../classifier/layersModelOf';
import type { Classifier, ModelLike } from '../../classifier/types';
import { onePair } from '../../core/bounds';
import { checkBounds, checkKeys, checkNonNegative, checkOneOf, checkPositive, type KeysOf } from '../../core/check';
import { checkBatch } from '../../core/checkTensor';
import { inTasks, nextTask, type Pausing } from '../../core/pausing';
import { follow, type ProgressOptions } from '../../core/progress';
import type { RandomOptions } from '../../core/resolveRng';
import { softmax } from '../../core/softmax';
import { evaluate } from '../../regions/evaluate';
import { inputPlane } from '../../regions/planes';
import { readRows } from '../../regions/readRows';
import { slicing } from '../../regions/sliceRegions';
import { toPiecewiseAffine } from '../../regions/toPiecewiseAffine';
import type { PiecewiseAffine } from '../../regions/types';
import { type BoundMethod, confidenceOverBox } from '../bounds/confidenceOverBox';
import { type Interval, linfBox } from '../bounds/interval';
import { searchConfidence } from '../search/searchConfidence';
import { unitChain } from '../search/unitChain';

/** Options of {@link confidenceSandwich}. Progress is counted in inputs. */
export interface SandwichOptions extends ProgressOptions, RandomOptions {
  /** Steps of each restart of the attack. @defaultValue 20 */
  readonly steps?: number;
  /** Restarts of the attack. @defaultValue 1 */
  readonly restarts?: number;
  /** How the upper bound is computed, see `certifiedMaxConfidence`. @defaultValue 'crown' */
  readonly method?: BoundMethod;
  /**
   * How long the maximum near each input is searched for, in seconds, see `certifiedMaxConfidence`; 0 for not at all. With method
   * 'interval' nothing is searched. @defaultValue 10
   */
  readonly seconds?: number;
  /** The box of valid inputs `[low, high]`, in input units. @defaultValue the classifier's bounds */
  readonly bounds?: readonly [number, number];
}

/** For each input what is known of the largest confidence in the ball around it: attack <= exact <= certified. */
export interface ConfidenceSandwich {
  /** The highest confidence found: by the attack, or by the search. */
  readonly attack: Float64Array;
  /** The largest confidence itself; undefined unless the model has two inputs. */
  readonly exact: Float64Array | undefined;
  /** Upper bound that holds for every point of the ball. */
  readonly certified: Float64Array;
  /** Whether nothing was left to search, so that the other two differ by 1e-6 and what is allowed for float32 at the most. */
  readonly closed: readonly boolean[];
  /** In words, why the network, or the ball around one of the inputs, was not searched; undefined if all were. */
  readonly unsearched: string | undefined;
}

const fn = 'confidenceSandwich';
const KEYS: KeysOf<SandwichOptions> = {
  steps: true,
  restarts: true,
  method: true,
  seconds: true,
  bounds: true,
  onProgress: true,
  signal: true,
  seed: true,
  rng: true,
};

/**
 * Encloses the largest confidence in the L-infinity ball around each input between what an attack finds and what can be proved:
 * `attack <= max_{|u - x|_inf <= epsilon} max_k p_k(u) <= certified`, u in the box.
 *
 * Below is {@link maxConfidenceAttack}, above `certifiedMaxConfidence`. Where these are apart, the maximum is searched for, for `seconds` at the most: by
 * branch and bound, which lowers the one and raises the other until they meet, if the network is affine layers and ReLUs one after the other; `unsearched` names
 * what is not. A model with two inputs also gets the exact maximum: all its
 * linear regions in the ball are visited, and on each the concave log-odds of every class are maximised. All three are
 * about the network in exact arithmetic (the point of the attack is evaluated in float64); the upper bound counts the
 * rounding of float32 too, as that of `certifiedMaxConfidence` does: of the logits, not of a softmax layer in `model.predict`.
 *
 * @param model - A LayersModel that `toPiecewiseAffine` can read, or a classifier made of one.
 * @param x - `[n, ...inputShape]`, float32, inside the bounds. Stays the caller's.
 * @param epsilon - Radius of the ball, in input units, > 0.
 * @throws OverconfidenceError `INVALID_OPTION` for epsilon or an option out of range; `INVALID_SHAPE`, `EMPTY_INPUT`,
 *   `NON_FINITE` or `OUT_OF_BOUNDS` for `x`; `UNSUPPORTED_MODEL`; `GRADIENTS_NOT_REGISTERED`; `ABORTED`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { uniformNoise } from 'relu-overconfidence';
 * import { confidenceSandwich } from 'relu-overconfidence/guarantees';
 * import { mlp } from 'relu-overconfidence/models';
 *
 * const model = mlp({ inputShape: [2], hidden: [16, 16], classes: 3, seed: 1 });
 * const { attack, exact, certified } = await confidenceSandwich(model, uniformNoise([4, 2], { seed: 1 }), 0.1);
 * console.log(attack[0]! <= exact![0]! && exact![0]! <= certified[0]!); // true
 * ```
 */
export async function confidenceSandwich(
  model: ModelLike,
  x: tf.Tensor,
  epsilon: number,
  options: SandwichOptions = {},
): Promise<ConfidenceSandwich> {
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const { method = 'crown', seconds, bounds: given } = options;
  checkPositive({ fn, argument: 'epsilon' }, epsilon);
  checkOneOf({ fn, argument: 'method' }, method, ['interval', 'crown']);
  if (seconds !== undefined) checkNonNegative({ fn, argument: 'seconds' }, seconds);
  if (given !== undefined) checkBounds({ fn, argument: 'bounds' }, given);
  const classifier = asClassifier(fn, model, x);
  const net = toPiecewiseAffine(layersModelOf({ fn, argument: 'model' }, classifier));
  const count = x.shape[0] ?? 0;
  const [attack, certified] = [new Float64Array(count), new Float64Array(count)];
  const exact = net.inputSize === 2 ? new Float64Array(count) : undefined;
  const closed: boolean[] = [];
  let unsearched: string | undefined;
  await encloseEach({ classifier, net }, x, epsilon, options, (i, found) => {
    [attack[i], certified[i]] = [found.attack, found.certified];
    if (exact !== undefined) exact[i] = found.exact!;
    closed.push(found.closed);
    unsearched ??= found.unsearched;
  });
  return { attack, exact, certified, closed, unsearched };
}

/** What is known of one input. */
export interface Enclosed {
  readonly attack: number;
  readonly exact: number | undefined;
  readonly certified: number;
  readonly closed: boolean;
  readonly unsearched: string | undefined;
}

/** Does the work of {@link confidenceSandwich}, and hands over what is known of each input as soon as it is. */
export async function encloseEach(
  { classifier, net }: { readonly classifier: Classifier; readonly net: PiecewiseAffine },
  x: tf.Tensor,
  epsilon: number,
  options: SandwichOptions,
  found: (input: number, enclosed: Enclosed) => void,
): Promise<void> {
  const { method = 'crown', seconds = 10, bounds: given = classifier.bounds, ...rest } = options;
  const { onProgress, signal, ...attacking } = rest;
  const bounds = onePair({ fn, argument: 'bounds' }, given);
  const where = { fn, argument: 'x' };
  checkBatch(where, x, net.inputShape);
  const rows = readRows(where, net, x);
  const boxes = rows.map((row) => linfBox(where, row, epsilon, bounds, 'real'));
  const wider = rows.map((row) => linfBox(where, row, epsilon, bounds, 'float32'));
  const tell = follow(fn, { ...(onProgress && { onProgress }), ...(signal && { signal }) }, rows.length);
  const { adversarial, objective } = maxConfidenceAttack(classifier, x, { ...attacking, epsilon, bounds });
  const points = readRows(where, net, adversarial);
  tf.dispose([adversarial, objective]);
  const chain = method === 'crown' && seconds > 0 ? unitChain(net) : undefined;
  const reason = method === 'crown' ? 'no time to search' : "method 'interval'";
  for (const [i, box] of wider.entries()) {
    const inside = boxes[i]!;
    const attack = confidenceAt(net, points[i]!, inside);
    const exact = net.inputSize === 2 ? await inTasks(fn, exactMaxConfidence(net, inside), signal) : undefined;
    if (chain === undefined || typeof chain === 'string') {
      const certified = await inTasks(fn, confidenceOverBox(net, box, method, 'float32'), signal);
      found(i, { attack, exact, certified, closed: false, unsearched: chain ?? reason });
    } else {
      const end = performance.now() + 1000 * seconds;
      const late = (share: number) => performance.now() > end - (1 - share) * 1000 * seconds;
      const question = { net, chain, box, inside, start: points[i]!, arithmetic: 'float32' } as const;
      const { bound, point, exact: closed, unsearched } = await inTasks(fn, searchConfidence(question, late), signal);
      found(i, {
        attack: Math.max(attack, confidenceAt(net, point, inside)),
        exact,
        certified: bound,
        closed,
        unsearched,
      });
    }
    tell(i + 1, 'inputs');
    await nextTask();
  }
}

/** The confidence in float64 at a point, moved into the box out of which float32 may have rounded it. */
function confidenceAt(net: PiecewiseAffine, point: Float64Array, { lower, upper }: Interval): number {
  const inside = point.map((value, i) => Math.min(upper[i]!, Math.max(lower[i]!, value)));
  return softmax(evaluate(net, inside)).reduce((a, b) => Math.max(a, b));
}

/**
 * The largest confidence of a network with two inputs over a box, region by region; it is attained, and exact up to 1e-12
 * of its log-odds.
 */
export function* exactMaxConfidence(net: PiecewiseAffine, { lower, upper }: Interval): Pausing<number> {
  const box = { x: [lower[0]!, upper[0]!], y: [lower[1]!, upper[1]!] } as const;
  let best = Number.NEGATIVE_INFINITY;
  const { work, regions } = slicing(net, inputPlane, { box });
  yield* work;
  for (const region of regions())
    for (let k = 0; k < net.classes; k++) best = Math.max(best, maxOverPolygon(region.vertices, region, k, best));
  return 1 / (1 + Math.exp(-best));
}

/** Values and slopes of the logits at a point of the plane: the logits are affine. */
interface AffineLogits {
  /** Slopes in s and t, K x 2. */
  readonly slope: Float64Array;
  /** Values at s = t = 0. */
  readonly intercept: Float64Array;
}

/** A point of the plane. */
type Point = readonly [number, number];

/** The log-odds of a class at a point, and their gradient. */
interface LogOdds {
  readonly value: number;
  readonly gradient: Point;
}

/** Log-odds nearer than this are equal. */
const PRECISION = 1e-12;

/** Each cut leaves at most 1 - 1/e of the area, so that this is far more than float64 can tell apart. */
const MOST_CUTS = 300;

/**
 * The largest log-odds `z_k - log sum_{j != k} exp z_j` of class k over a convex polygon, up to 1e-12, or something below
 * `floor` if it is not above it.
 *
 * Log-odds of affine logits are concave. So at any point c, the maximum lies where the gradient at c does not point away from: the
 * polygon is cut through its centroid again and again (method of centres of gravity), until a tangent plane shows that what
 * is left cannot hold more.
 */
function maxOverPolygon(corners: Float64Array, logits: AffineLogits, k: number, floor: number): number {
  let polygon = pointsOf(corners);
  let best = polygon.reduce(
    (most, point) => Math.max(most, logOddsAt(logits, k, point).value),
    Number.NEGATIVE_INFINITY,
  );
  for (let cut = 0; cut < MOST_CUTS; cut++) {
    const centre = centroid(polygon);
    if (centre === undefined) break;
    const { value, gradient } = logOddsAt(logits, k, centre);
    best = Math.max(best, value);
    const along = ([s, t]: Point) => gradient[0] * (s - centre[0]) + gradient[1] * (t - centre[1]);
    const most = value + polygon.reduce((reach, point) => Math.max(reach, along(point)), 0);
    if (most <= Math.max(best, floor) + PRECISION) break;
    polygon = cutOff(polygon, along);
  }
  return best;
}

function pointsOf(corners: Float64Array): Point[] {
  return Array.from({ length: corners.length / 2 }, (_, i) => [corners[2 * i]!, corners[2 * i + 1]!]);
}

function logOddsAt({ slope, intercept }: AffineLogits, k: number, [s, t]: Point): LogOdds {
  const z = intercept.map((value, j) => value + slope[2 * j]! * s + slope[2 * j + 1]! * t);
  const others = z.reduce((most, value, j) => (j === k ? most : Math.max(most, value)), Number.NEGATIVE_INFINITY);
  const weights = z.map((value, j) => (j === k ? 0 : Math.exp(value - others)));
  const sum = weights.reduce((a, b) => a + b, 0);
  const mean = (axis: number) => weights.reduce((total, w, j) => total + (w / sum) * slope[2 * j + axis]!, 0);
  return {
    value: z[k]! - others - Math.log(sum),
    gradient: [slope[2 * k]! - mean(0), slope[2 * k + 1]! - mean(1)],
  };
}

/** The centroid, or undefined for a polygon without area. */
function centroid(polygon: readonly Point[]): Point | undefined {
  const [first] = polygon;
  if (first === undefined) return undefined;
  let [area, s, t] = [0, 0, 0];
  for (let i = 1; i + 1 < polygon.length; i++) {
    const [[s1, t1], [s2, t2]] = [polygon[i]!, polygon[i + 1]!];
    const part = (s1 - first[0]) * (t2 - first[1]) - (s2 - first[0]) * (t1 - first[1]);
    area += part;
    s += (part * (first[0] + s1 + s2)) / 3;
    t += (part * (first[1] + t1 + t2)) / 3;
  }
  return area > 0 ? [s / area, t / area] : undefined;
}

/** The part of the polygon where a linear function is not negative. */
function cutOff(polygon: readonly Point[], height: (point: Point) => number): Point[] {
  return polygon.flatMap((point, i) => {
    const next = polygon[(i + 1) % polygon.length]!;
    const [here, there] = [height(point), height(next)];
    const kept = here >= 0 ? [point] : [];
    if (here >= 0 === there >= 0) return kept;
    const share = here / (here - there);
    const crossing: Point = [point[0] + share * (next[0] - point[0]), point[1] + share * (next[1] - point[1])];
    return [...kept, crossing];
  });
}
