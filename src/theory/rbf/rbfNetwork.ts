import {
  checkKeys,
  checkNonNegative,
  checkPositive,
  checkWhole,
  type KeysOf,
  refuse,
  show,
  type Where,
} from '../../core/check';
import { kMeans } from '../../core/kMeans';
import { labelIndices } from '../../core/labels';
import { atOnce } from '../../core/pausing';
import { follow, type ProgressOptions } from '../../core/progress';
import { type RandomOptions, resolveRng } from '../../core/resolveRng';
import { softmax } from '../../core/softmax';
import { squaredDistances } from '../../core/squaredDistances';
import { checkNumbers, type RbfNetwork } from './checkRbf';
import { radialFeatures } from './evaluateRbf';

/**
 * What {@link rbfNetwork} learns from, and how. Progress is counted in `iterations`, after the centres have been found; the
 * call is synchronous, so a signal must be fired in `onProgress`.
 */
export interface RbfOptions extends RandomOptions, ProgressOptions {
  /** Training inputs, flat, row after row; n x d numbers. */
  readonly x: ArrayLike<number>;
  /** Class of each input: n whole numbers from 0 on. */
  readonly y: ArrayLike<number>;
  /** Number of classes K >= 2. @defaultValue one more than the largest label, but at least 2 */
  readonly classes?: number;
  /** Shape of one input. @defaultValue [d], with d the number of entries of `x` by the number of labels */
  readonly inputShape?: readonly number[];
  /** The centres: the training inputs themselves, or this many found by k-means. @defaultValue 'data' */
  readonly centres?: 'data' | number;
  /** How fast a centre's influence falls. @defaultValue 1 by the median squared distance of inputs to centres */
  readonly gamma?: number;
  /** Factor of the sum of squared weights in the loss. @defaultValue 1e-4 */
  readonly weightDecay?: number;
  /** Steps of accelerated gradient descent. @defaultValue 500 */
  readonly iterations?: number;
}

/** {@link RbfOptions} with the data under the names that tfjs gives them. */
export interface RbfTfjsOptions extends Omit<RbfOptions, 'x' | 'y'> {
  /** Training inputs, as `x` of {@link RbfOptions}. */
  readonly xs: ArrayLike<number>;
  /** Class of each input, as `y` of {@link RbfOptions}. */
  readonly ys: ArrayLike<number>;
}

const KEYS: KeysOf<RbfOptions & RbfTfjsOptions> = {
  x: true,
  y: true,
  xs: true,
  ys: true,
  classes: true,
  inputShape: true,
  centres: true,
  gamma: true,
  weightDecay: true,
  iterations: true,
  seed: true,
  rng: true,
  onProgress: true,
  signal: true,
};

/**
 * Trains a radial basis function network, a classifier that provably loses its confidence far from its centres: Theorem
 * 3.2 of arXiv 1812.05720.
 *
 * `f_k(x) = sum_l a_kl exp(-gamma |x - c_l|^2)`, without a bias. Centres and gamma are fixed first; the weights then
 * minimise mean cross entropy plus `weightDecay` times their sum of squares, a convex problem, in float64 and without
 * a backend. The same seed gives the same network everywhere; it is used by k-means alone. Time per step grows as n M K,
 * memory as n M for M centres.
 *
 * @param options - Data `x` and `y`, or `xs` and `ys` as in tfjs, and how to learn from them.
 * @returns Plain numbers. {@link evaluateRbf} gives its logits in float64, {@link rbfModel} makes a LayersModel of it,
 *   {@link rbfConfidenceBound} and {@link rbfRadius} say what the theorem says about it.
 * @throws OverconfidenceError `INVALID_ARGUMENT`, `EMPTY_INPUT` or `NON_FINITE` for `x` or `y`; `INVALID_ARGUMENT` for a mixture of both pairs of names; `INVALID_SHAPE` if their
 *   lengths do not fit each other or `inputShape`; `INVALID_LABELS`; `INVALID_OPTION` for an option out of
 *   range; `ABORTED`.
 *
 * @example
 * ```ts
 * import { twoMoons } from 'relu-overconfidence/datasets';
 * import { evaluateRbf, rbfNetwork } from 'relu-overconfidence/theory';
 *
 * const net = rbfNetwork({ ...twoMoons({ points: 100, seed: 1 }), centres: 20, seed: 1 });
 * console.log(evaluateRbf(net, [0.5, 0.5])); // Float64Array(2) [ ... ]
 * console.log(evaluateRbf(net, [100, 100])); // Float64Array(2) [ 0, 0 ]
 * ```
 */
export function rbfNetwork(options: RbfOptions | RbfTfjsOptions): RbfNetwork {
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const { x, labels, classes, inputShape } = checkData(options);
  const { centres: asked = 'data', gamma, weightDecay = 1e-4, iterations = 500 } = options;
  checkSettings({ centres: asked, gamma, weightDecay, iterations }, labels.length);
  const tell = follow(fn, options, iterations);
  const inputSize = x.length / labels.length;
  const centres =
    asked === 'data' ? x : atOnce(kMeans(x, inputSize, asked, resolveRng(options), () => tell(0, 'centres')));
  const squared = squaredDistances(x, centres, inputSize);
  const width = gamma ?? 1 / medianOf(squared);
  const features = radialFeatures(squared, width);
  const weights = trainWeights({ features, labels, classes, weightDecay, iterations }, (done) => tell(done, 'weights'));
  return { inputShape, inputSize, classes, centres, gamma: width, weights };
}

/** The median, or 1 if that is zero because most of the points are one. */
function medianOf(values: Float64Array): number {
  return values.slice().sort()[values.length >> 1]! || 1;
}

const fn = 'rbfNetwork';

/** The data, and under which names they came; a mixture of both pairs of names is refused. */
function dataOf(options: RbfOptions | RbfTfjsOptions) {
  if (!('xs' in options || 'ys' in options)) return { x: options.x, y: options.y, names: ['x', 'y'] as const };
  if ('x' in options || 'y' in options)
    refuse(
      { fn, argument: 'options' },
      'INVALID_ARGUMENT',
      'an object with data { x, y }, or { xs, ys }',
      'a mixture of both',
      'Pass for example `{ x: inputs, y: labels }`.',
    );
  return { x: options.xs, y: options.ys, names: ['xs', 'ys'] as const };
}

function checkData(options: RbfOptions | RbfTfjsOptions) {
  const { x, y, names } = dataOf(options);
  const { classes, inputShape } = options;
  const [inputs, targets] = names.map((argument) => ({ fn, argument })) as [Where, Where];
  checkNumbers(inputs, x);
  checkNumbers(targets, y);
  const inputSize = x.length / y.length;
  const shape = inputShape ?? [inputSize];
  if (!Number.isInteger(inputSize) || shape.reduce((product, size) => product * size, 1) !== inputSize)
    refuse(
      inputs,
      'INVALID_SHAPE',
      `${y.length} inputs${inputShape ? ` of shape [${inputShape.join(', ')}]` : ' of equal length'}, one for each label`,
      `${x.length} numbers`,
      'Pass whole inputs one after the other, and one label for each.',
    );
  const count = classes ?? Math.max(2, Array.from(y).reduce((a, b) => Math.max(a, b)) + 1);
  checkWhole({ fn, argument: 'classes' }, count, 2);
  const labels = labelIndices(targets, y, [y.length], count);
  return { x: Float64Array.from(x), labels, classes: count, inputShape: shape };
}

interface Settings {
  readonly centres: 'data' | number;
  readonly gamma: number | undefined;
  readonly weightDecay: number;
  readonly iterations: number;
}

function checkSettings({ centres, gamma, weightDecay, iterations }: Settings, examples: number): void {
  const where = { fn, argument: 'centres' };
  if (centres !== 'data' && !(Number.isInteger(centres) && centres >= 1 && centres <= examples))
    refuse(
      where,
      'INVALID_OPTION',
      `'data' or a whole number from 1 to the number of inputs (${examples})`,
      show(centres),
      'Leave it out to use every input, or pass for example `centres: 20` for k-means.',
    );
  if (gamma !== undefined) checkPositive({ fn, argument: 'gamma' }, gamma);
  checkNonNegative({ fn, argument: 'weightDecay' }, weightDecay);
  checkWhole({ fn, argument: 'iterations' }, iterations);
}

/** What {@link trainWeights} learns from. */
interface WeightTraining {
  /** Features in [0, 1] of n examples: n x m. */
  readonly features: Float64Array;
  /** Class of each example. */
  readonly labels: Int32Array;
  readonly classes: number;
  /** Factor of the sum of squared weights. */
  readonly weightDecay: number;
  readonly iterations: number;
}

/**
 * The weights (classes x m) that minimise mean cross entropy plus `weightDecay` times their sum of squares.
 *
 * The problem is convex. Nesterov's accelerated gradient descent, with the momentum set back whenever it points uphill,
 * needs no learning rate: the Hessian is at most F^T F / (2 n) + 2 weightDecay, and the largest row sum of a matrix
 * without negative entries bounds its largest eigenvalue.
 */
export function trainWeights(
  { features, labels, classes, weightDecay, iterations }: WeightTraining,
  onIteration?: (done: number) => void,
): Float64Array {
  const n = labels.length;
  const m = features.length / n;
  const stepSize = 1 / (largestRowSum(features, n, m) / (2 * n) + 2 * weightDecay);
  const weights = new Float64Array(classes * m);
  const ahead = weights.slice();
  let momentum = 1;
  for (let iteration = 0; iteration < iterations; iteration++) {
    const gradient = lossGradient(features, labels, ahead, classes);
    const nextMomentum = (1 + Math.sqrt(1 + 4 * momentum * momentum)) / 2;
    let uphill = 0;
    for (let i = 0; i < weights.length; i++) {
      const slope = gradient[i]! + 2 * weightDecay * ahead[i]!;
      const moved = ahead[i]! - stepSize * slope;
      const change = moved - weights[i]!;
      uphill += slope * change;
      weights[i] = moved;
      ahead[i] = moved + ((momentum - 1) / nextMomentum) * change;
    }
    momentum = uphill > 0 ? 1 : nextMomentum;
    onIteration?.(iteration + 1);
  }
  return weights;
}

/** Largest row sum of F^T F. */
function largestRowSum(features: Float64Array, n: number, m: number): number {
  const sums = new Float64Array(m);
  for (let i = 0; i < n; i++) {
    let total = 0;
    for (let l = 0; l < m; l++) total += features[i * m + l]!;
    for (let l = 0; l < m; l++) sums[l]! += features[i * m + l]! * total;
  }
  return sums.reduce((largest, sum) => Math.max(largest, sum));
}

/** Gradient of the mean cross entropy: `(softmax - onehot)^T F / n`. */
function lossGradient(
  features: Float64Array,
  labels: Int32Array,
  weights: Float64Array,
  classes: number,
): Float64Array {
  const n = labels.length;
  const m = features.length / n;
  const gradient = new Float64Array(weights.length);
  const errors = new Float64Array(classes);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < classes; k++) {
      let logit = 0;
      for (let l = 0; l < m; l++) logit += weights[k * m + l]! * features[i * m + l]!;
      errors[k] = logit;
    }
    softmax(errors);
    errors[labels[i]!]! -= 1;
    for (let k = 0; k < classes; k++) {
      const factor = errors[k]! / n;
      for (let l = 0; l < m; l++) gradient[k * m + l]! += factor * features[i * m + l]!;
    }
  }
  return gradient;
}
