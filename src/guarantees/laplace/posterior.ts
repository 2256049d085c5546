import * as tf from '@tensorflow/tfjs-core';
import type { Classifier } from '../../classifier/types';
import { refuse } from '../../core/check';
import type { Pausing } from '../../core/pausing';
import { follow, type ProgressOptions } from '../../core/progress';
import { softmax } from '../../core/softmax';
import { symmetricEigen } from '../../core/symmetricEigen';
import type { PiecewiseAffine } from '../../regions/types';
import { type LogitGrowth, logitGrowthOf } from '../growth/logitGrowth';
import { networkGrowth, type ValueGrowth } from '../growth/networkGrowth';
import { horizonWithin, withinHorizon } from '../wrapper/points';
import type { Head } from './head';

/** The Kronecker factors of the Gauss-Newton matrix of the last layer, as sums over the data. */
export interface GaussNewton {
  /** `sum phi phi^T`, D x D. */
  readonly features: Float64Array;
  /** The mean of `diag(p) - p p^T`, K x K. */
  readonly outputs: Float64Array;
}

/** How the data is run through. Progress is counted in examples. */
export interface PassOptions extends ProgressOptions {
  /** Examples per forward pass. @defaultValue 256 */
  readonly batchSize?: number;
}

/** Features up to this size are multiplied as they are: 2^40. Larger ones are divided by a number before, and the products multiplied. */
const LARGE = 2 ** 40;

/** One pass over the data for both factors; the products of features are summed in float32 within a batch. */
export async function gaussNewton(
  fn: string,
  { net: { classes }, head, horizon }: LaplaceModel,
  x: tf.Tensor,
  { batchSize = 256, ...watching }: PassOptions,
): Promise<GaussNewton> {
  const count = x.shape[0]!;
  const features = new Float64Array(head.size ** 2);
  const outputs = new Float64Array(classes ** 2);
  const tell = follow(fn, watching, count);
  for (let start = 0; start < count; start += batchSize) {
    const size = Math.min(batchSize, count - start);
    const read = tf.tidy(() => {
      const all = head.features(withinHorizon(tf.slice(x, start, size), horizon));
      const scale = tf.div(tf.maximum(LARGE, tf.max(tf.abs(all))), LARGE);
      const phi: tf.Tensor2D = tf.div(all, scale);
      return [tf.matMul(phi, phi, true, false), head.logits(phi), scale];
    });
    const [added, rows, scales] = await Promise.all(read.map((tensor) => tensor.data())).finally(() =>
      tf.dispose(read),
    );
    const scale = scales![0]!;
    checkNumbers(fn, added!);
    for (let i = 0; i < added!.length; i++) features[i]! += scale * scale * added![i]!;
    for (let n = 0; n < size; n++) {
      const row = Float64Array.from(rows!.subarray(n * classes, (n + 1) * classes), (value) => scale * value);
      addSpread(outputs, softmax(row), count);
    }
    tell(start + size, 'examples');
  }
  return { features, outputs };
}

/** Adds `(diag(p) - p p^T) / count`, with `p_k - p_k^2` as p_k times the sum of the others, which does not cancel. */
function addSpread(outputs: Float64Array, p: Float64Array, count: number): void {
  const classes = p.length;
  for (let k = 0; k < classes; k++)
    for (let j = 0; j < classes; j++) {
      if (j === k) continue;
      const product = (p[k]! * p[j]!) / count;
      outputs[k * classes + j]! -= product;
      outputs[k * classes + k]! += product;
    }
}

function checkNumbers(fn: string, values: ArrayLike<number>): void {
  if (Array.from(values).every(Number.isFinite)) return;
  refuse(
    { fn, argument: 'model' },
    'NON_FINITE',
    'a model with finite features on `x`',
    'NaN or infinite features',
    'Look for NaN weights, or inputs so large that float32 overflows.',
  );
}

/** Prior precisions between 2^-40 and 2^40 are searched. */
const EXPONENTS = 40;
const BISECTIONS = 60;

/** No variance is smaller than this share of the largest: more than float32 features can tell apart. */
const LEAST_SHARE = 1e-10;

/** The covariance of the last layer, as far as confidences can see it. */
export interface Posterior {
  /** Precision of the Gaussian prior of every weight. */
  readonly priorPrecision: number;
  /** L, lower triangular, D x D, in float32 numbers: the mean variance of a difference of two logits is `|L^T phi|^2`. */
  readonly factor: Float64Array;
}

/**
 * The Gaussian posterior of the last layer by Laplace's method, with the Gauss-Newton matrix `A (x) G` of its Kronecker
 * factors and a prior of precision tau.
 *
 * With eigenvalues a_i of A and g_c of G the covariance has the eigenvalues `1 / (a_i g_c + tau)`. What all logits have in
 * common does not change a softmax: it is the eigenvector (1, ..., 1) of G, and left out. The mean over all pairs of logits
 * of the variance of their difference is then `phi^T S phi` with `S = 2 / (K - 1) sum_c (g_c A + tau I)^-1`.
 */
export function* posterior(
  { features, outputs }: GaussNewton,
  weights: Float64Array,
  priorPrecision: number | undefined,
): Pausing<Posterior> {
  const classes = Math.sqrt(outputs.length);
  const size = Math.sqrt(features.length);
  const { values: stretches, vectors } = yield* symmetricEigen(features, size);
  const positive = stretches.map((value) => Math.max(0, value));
  const curvatures = yield* seenCurvatures(outputs, classes);
  const tau = priorPrecision ?? mostLikelyPrecision(positive, curvatures, seenLength(weights, classes));
  const variances = positive.map(
    (a) => (2 / (classes - 1)) * curvatures.reduce((sum, g) => sum + 1 / (a * g + tau), 0),
  );
  const least = LEAST_SHARE * variances.reduce((a, b) => Math.max(a, b));
  const covariance = yield* assembled(
    variances.map((value) => Math.max(least, value)),
    vectors,
    size,
  );
  return { priorPrecision: tau, factor: (yield* cholesky(covariance, size)).map(Math.fround) };
}

/** Eigenvalues of G but that of (1, ..., 1), which is lifted above all others (none of which exceeds 1/2) to be dropped. */
function* seenCurvatures(outputs: Float64Array, classes: number): Pausing<Float64Array> {
  const { values } = yield* symmetricEigen(
    outputs.map((value) => value + 1 / classes),
    classes,
  );
  return values.subarray(0, classes - 1).map((value) => Math.max(0, value));
}

/** The squared length of the weights without what all classes have in common. */
function seenLength(weights: Float64Array, classes: number): number {
  let sum = 0;
  for (let start = 0; start < weights.length; start += classes) {
    const row = weights.subarray(start, start + classes);
    const mean = row.reduce((a, b) => a + b) / classes;
    sum += row.reduce((squares, value) => squares + (value - mean) ** 2, 0);
  }
  return sum;
}

/**
 * The tau that maximises the marginal likelihood `-tau |w|^2 / 2 + sum_ic log(tau / (a_i g_c + tau)) / 2`: where its
 * derivative is zero, `tau |w|^2 = sum_ic a_i g_c / (a_i g_c + tau)`. The left side rises and the right side falls.
 */
function mostLikelyPrecision(stretches: Float64Array, curvatures: Float64Array, squaredLength: number): number {
  const excess = (tau: number) => {
    let determined = 0;
    for (const a of stretches) for (const g of curvatures) determined += (a * g) / (a * g + tau);
    return tau * squaredLength - determined;
  };
  let [low, high] = [-EXPONENTS, EXPONENTS];
  for (let n = 0; n < BISECTIONS; n++) {
    const middle = (low + high) / 2;
    if (excess(2 ** middle) < 0) low = middle;
    else high = middle;
  }
  return 2 ** high;
}

/** `Q^T diag(values) Q` for orthonormal rows Q. */
function* assembled(values: Float64Array, vectors: Float64Array, size: number): Pausing<Float64Array> {
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const row = vectors.subarray(i * size, (i + 1) * size);
    for (let j = 0; j < size; j++) {
      const factor = values[i]! * row[j]!;
      const target = matrix.subarray(j * size, (j + 1) * size);
      for (let k = 0; k <= j; k++) target[k]! += factor * row[k]!;
    }
    yield;
  }
  return matrix;
}

/** The lower triangular L with `L L^T` equal to a positive definite matrix, whose lower triangle is read. */
function* cholesky(matrix: Float64Array, size: number): Pausing<Float64Array> {
  const factor = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * size + j]!;
      for (let k = 0; k < j; k++) sum -= factor[i * size + k]! * factor[j * size + k]!;
      factor[i * size + j] = i === j ? Math.sqrt(sum) : sum / factor[j * size + j]!;
    }
    yield;
  }
  return factor;
}

/** The probit approximation divides logits by `sqrt(1 + pi / 8 variance)`. */
export const PROBIT = Math.PI / 8;

/** What is known of a model before there is a posterior. */
interface LaplaceModel {
  readonly net: Classifier;
  readonly head: Head;
  readonly centre: Float64Array;
  /** The network up to the features, without the constant 1 of the bias. */
  readonly features: PiecewiseAffine;
  /** How far the features can be from those of the centre. */
  readonly featureGrowth: ValueGrowth;
  /** How far the logits can be from those of the centre. */
  readonly logitGrowth: LogitGrowth;
  /** Inputs are seen with every entry clipped to this size. */
  readonly horizon: number;
}

/** Everything that the wrapper is made of. */
export interface LaplaceParts extends LaplaceModel {
  /** W and b as they were read, `head.size` x K. */
  readonly weights: Float64Array;
  /** L of the posterior, `head.size` x `head.size`. */
  readonly factor: Float64Array;
}

/** Finds the features in the network, and how they grow. */
export function laplaceModel(net: Classifier, head: Head, centre: Float64Array): LaplaceModel {
  const affine = head.network();
  const value = affine.nodes[affine.output - 1]!.inputs[0]!;
  const growth = networkGrowth(affine, centre);
  const logitGrowth = logitGrowthOf(affine, growth);
  return {
    net,
    head,
    centre,
    features: { ...affine, output: value, classes: value === 0 ? affine.inputSize : affine.nodes[value - 1]!.size },
    featureGrowth: growth.growths[value]!,
    logitGrowth,
    horizon: horizonWithin(logitGrowth.reach, centre),
  };
}

/** `L^T phi` of features, with the constant that stands for the bias. */
export function timesFactor(phi: ArrayLike<number>, factor: Float64Array): Float64Array {
  const size = phi.length;
  const result = new Float64Array(size);
  for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) result[j]! += factor[i * size + j]! * phi[i]!;
  return result;
}
