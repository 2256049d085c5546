import { checkKeys, checkNonNegative, checkWhole, type KeysOf } from '../../core/check';
import { follow, type ProgressOptions } from '../../core/progress';
import { type RandomOptions, resolveRng } from '../../core/resolveRng';
import type { Rng } from '../../core/rng';
import { softmax } from '../../core/softmax';
import { squaredDistances } from '../../core/squaredDistances';
import { checkRbf, type RbfNetwork } from './checkRbf';
import { featuresAt, rbfLogits } from './evaluateRbf';
import { boundAt, largestContrast } from './rbfConfidenceBound';
import { nearest } from './rbfDistance';

/**
 * How {@link checkTheorem32} looks for a counterexample. Progress is counted in starts; the call is synchronous, so a signal
 * must be fired in `onProgress`.
 */
export interface CheckTheorem32Options extends RandomOptions, ProgressOptions {
  /** Points that are no nearer to any centre than this are searched, in input units, >= 0. */
  readonly distance: number;
  /** Number of random starts. @defaultValue 20 */
  readonly starts?: number;
  /** Steps of gradient ascent from each start. @defaultValue 100 */
  readonly steps?: number;
}

const KEYS: KeysOf<CheckTheorem32Options> = {
  distance: true,
  starts: true,
  steps: true,
  seed: true,
  rng: true,
  onProgress: true,
  signal: true,
};

/** What {@link checkTheorem32} found. */
export interface CheckTheorem32Result {
  /** Whether every point visited had all its probabilities between the two bounds for its own distance. */
  readonly holds: boolean;
  /** The largest confidence found. */
  readonly confidence: number;
  /** The bound for `distance`, which it should not exceed. */
  readonly bound: number;
  /** The point where it was found, flat. */
  readonly point: Float64Array;
}

/** Rounding of a probability that is no violation. */
const ROUNDING = 1e-12;

/**
 * Tries to break Theorem 3.2 of arXiv 1812.05720: searches the points that are at least `distance` from every centre for
 * the largest confidence, by projected gradient ascent on the log-odds in float64, and compares every point visited with
 * {@link rbfConfidenceBound}.
 *
 * A step is `gamma^(-1/2)` long at first and shrinks to a hundredth of that. The theorem is proved, so `holds: false`
 * would mean a fault of this library; of interest is how close `confidence` comes to `bound`.
 *
 * @param net - See {@link rbfNetwork}.
 * @throws OverconfidenceError `INVALID_OPTION` for an option out of range; `INVALID_ARGUMENT`, `INVALID_SHAPE` or
 *   `NON_FINITE` for `net`; `ABORTED`.
 *
 * @example
 * ```ts
 * import { twoMoons } from 'relu-overconfidence/datasets';
 * import { checkTheorem32, rbfNetwork } from 'relu-overconfidence/theory';
 *
 * const net = rbfNetwork({ ...twoMoons({ points: 60, seed: 1 }), centres: 8 });
 * const { holds, confidence, bound } = checkTheorem32(net, { distance: 0.5, starts: 5, steps: 20 });
 * console.log(holds, confidence <= bound); // true true
 * ```
 */
export function checkTheorem32(net: RbfNetwork, options: CheckTheorem32Options): CheckTheorem32Result {
  const fn = 'checkTheorem32';
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const { distance, starts = 20, steps = 100, ...others } = options;
  checkRbf(fn, net);
  checkNonNegative({ fn, argument: 'distance' }, distance);
  checkWhole({ fn, argument: 'starts' }, starts);
  checkWhole({ fn, argument: 'steps' }, steps);
  const rng = resolveRng(others);
  const tell = follow(fn, others, starts);
  const contrast = largestContrast(net);
  const found = { holds: true, confidence: 0, point: new Float64Array(net.inputSize) };
  const visit = (x: Float64Array): Float64Array => {
    const features = featuresAt(net, x);
    const logits = rbfLogits(net, features);
    const probabilities = softmax(logits.slice());
    const { upper, lower } = boundAt(net, contrast, nearest(net, x));
    const confidence = Math.max(...probabilities);
    if (confidence > upper + ROUNDING || Math.min(...probabilities) < lower - ROUNDING) found.holds = false;
    if (confidence > found.confidence) Object.assign(found, { confidence, point: x });
    return logOddsGradient(net, x, features, logits, probabilities.indexOf(confidence));
  };
  for (let s = 0; s < starts; s++) {
    let x = startPoint(net, distance, rng);
    for (let step = 0; x !== undefined && step < steps; step++) x = climb(net, x, visit(x), distance, 1 - step / steps);
    if (x !== undefined) visit(x);
    tell(s + 1, 'starts');
  }
  return { ...found, bound: boundAt(net, contrast, distance).upper };
}

/** A point at `distance` from a random centre in a random direction, pushed away from the others. */
function startPoint(net: RbfNetwork, distance: number, rng: Rng): Float64Array | undefined {
  const { centres, inputSize } = net;
  const start = rng.integer(centres.length / inputSize) * inputSize;
  const direction = Float64Array.from({ length: inputSize }, () => rng.normal());
  const length = distance / Math.hypot(...direction);
  return pushOut(
    net,
    direction.map((value, i) => centres[start + i]! + length * value),
    distance,
  );
}

/** A step along the gradient, or the same point where there is no gradient or no way back to the allowed points. */
function climb(
  net: RbfNetwork,
  x: Float64Array,
  gradient: Float64Array,
  distance: number,
  share: number,
): Float64Array {
  const size = Math.hypot(...gradient);
  if (size === 0) return x;
  const length = Math.max(share, 0.01) / (Math.sqrt(net.gamma) * size);
  return (
    pushOut(
      net,
      x.map((value, i) => value + length * gradient[i]!),
      distance,
    ) ?? x
  );
}

/** Rounds after which {@link pushOut} gives up. */
const MOST_PUSHES = 50;

/**
 * The gradient with respect to x of the log-odds `f_k - log sum_{j != k} exp f_j` of class k, given the features of x:
 * `sum_l b_l (x - c_l)` with `b_l = -2 gamma phi_l (a_kl - sum_{j != k} p_j a_jl)`, p the softmax over the classes but k.
 */
export function logOddsGradient(
  { classes, centres, inputSize, gamma, weights }: RbfNetwork,
  x: Float64Array,
  features: Float64Array,
  logits: Float64Array,
  k: number,
): Float64Array {
  const count = features.length;
  const shares = softmax(logits.map((logit, j) => (j === k ? Number.NEGATIVE_INFINITY : logit)));
  const gradient = new Float64Array(inputSize);
  for (let l = 0; l < count; l++) {
    let contrast = weights[k * count + l]!;
    for (let j = 0; j < classes; j++) contrast -= shares[j]! * weights[j * count + l]!;
    const factor = -2 * gamma * features[l]! * contrast;
    for (let i = 0; i < inputSize; i++) gradient[i]! += factor * (x[i]! - centres[l * inputSize + i]!);
  }
  return gradient;
}

/**
 * Moves a point away from whichever centre is nearest until none is nearer than `distance`; undefined if it is still
 * pushed from one centre to the next after many rounds.
 */
function pushOut(
  { centres, inputSize }: Pick<RbfNetwork, 'centres' | 'inputSize'>,
  start: Float64Array,
  distance: number,
): Float64Array | undefined {
  const x = start.slice();
  for (let round = 0; round < MOST_PUSHES; round++) {
    const squared = squaredDistances(x, centres, inputSize);
    const centre = squared.indexOf(squared.reduce((a, b) => Math.min(a, b)));
    const now = Math.sqrt(squared[centre]!);
    if (now >= distance) return x;
    if (now === 0) return undefined;
    const stretch = (distance / now) * (1 + 1e-12);
    for (let i = 0; i < inputSize; i++) {
      const c = centres[centre * inputSize + i]!;
      x[i] = c + stretch * (x[i]! - c);
    }
  }
  return undefined;
}
