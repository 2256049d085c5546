import * as tf from '@tensorflow/tfjs-core';
import { softmax } from '../../core/softmax';
import { lengthOf } from '../growth/networkGrowth';
import { displacementOf, embed, fold, type Metric } from './metric';
import { type CcuModel, exactDensity, type LogDensity, logSumExp, type SafeDensities } from './safeDensities';

/** Far more than what float64 loses on the way. */
const ROUNDING = 1e-9;

/**
 * An upper bound on `log p(y|in) - log(lambda p(y|out))` over a Euclidean ball, float32 rounding included: every
 * {@link differences | difference}, sharp at the centre of the ball, where the ball is nearest to its top.
 */
export function worstLogRatio(metric: Metric, safe: SafeDensities, displacement: Float64Array, radius: number): number {
  const point = embed(metric, displacement);
  const reach = radius + safe.blur * (lengthOf(displacement) + radius);
  const logs = differences(safe, point).map(({ peak, bend, top }) => {
    const fromTop = fold(
      metric,
      point.map((value, j) => value - top[j]!),
    );
    return peak - bend * leastSquaredDistance(fromTop, metric.variances, reach);
  });
  const worst = logSumExp(Float64Array.from(logs));
  return worst + ROUNDING * (1 + Math.abs(worst));
}

/** Enough to find any float64 between two others. */
const BISECTIONS = 200;

/**
 * A Euclidean distance from the centre beyond which `log p(y|in) - log(lambda p(y|out))` is at most `limit`.
 *
 * A point at a distance r or more from the centre is at least `r - |t|` away from the top t of a
 * {@link differences | difference}, and `(r - |t|) / sqrt(v)` in the metric, v being its largest variance. So the ratio
 * is at most `log sum_k exp(peak_k - bend_k max(0, r - |t_k|)^2 / v)`, which falls with r; its root is found by bisection.
 */
export function ratioRadius(metric: Metric, safe: SafeDensities, limit: number): number {
  const logs = differences(safe, new Float64Array(metric.axes.length + metric.centre.length));
  const largest = metric.variances.reduce((a, b) => Math.max(a, b));
  const reaches = logs.map(({ top }) => lengthOf(displacementOf(metric, top)));
  const fits = (radius: number) => {
    const beyond = (k: number) => Math.max(0, radius * (1 - safe.blur) - reaches[k]!);
    const ratio = logSumExp(Float64Array.from(logs, ({ peak, bend }, k) => peak - (bend * beyond(k) ** 2) / largest));
    return ratio + ROUNDING * (1 + Math.abs(ratio)) <= limit;
  };
  let low = 0;
  let high = 1;
  while (!fits(high)) high *= 2;
  for (let n = 0; n < BISECTIONS; n++) {
    const middle = (low + high) / 2;
    if (fits(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** `peak - bend |y - top|^2`, with bend > 0. */
interface Difference {
  readonly peak: number;
  readonly bend: number;
  readonly top: Float64Array;
}

/**
 * Functions d_k with `log p(y|in) - log(lambda p(y|out)) <= log sum_k exp d_k(y)` everywhere, sharp at one point.
 *
 * For weights w of sum 1, `log sum_l exp z_l >= sum_l w_l (z_l - log w_l)`, with equality for the softmax of z. With the
 * weights that are sharp at the point this bounds the out-density from below by one Gaussian, `h - b |y - n|^2`. A Gaussian of
 * the data, `g - a |y - m|^2`, has a > b, so the difference is concave: its top is at `(a m - b n) / (a - b)`, where it is
 * `g - h + a b / (a - b) |m - n|^2`, and its bend is a - b.
 */
function differences({ inside, outside }: SafeDensities, point: Float64Array): readonly Difference[] {
  const { height: h, rate: b, mean: n } = gaussianBelow(outside, point);
  return inside.means.map((m, k) => {
    const a = inside.rates[k]!;
    return {
      peak: inside.heights[k]! - h + ((a * b) / (a - b)) * squaredDistance(m, n),
      bend: a - b,
      top: m.map((value, j) => (a * value - b * n[j]!) / (a - b)),
    };
  });
}

/** One Gaussian that is nowhere above a density, and as high as the density at a point. */
function gaussianBelow(
  { heights, rates, means }: LogDensity,
  point: Float64Array,
): { readonly height: number; readonly rate: number; readonly mean: Float64Array } {
  const weights = softmax(heights.map((height, l) => height - rates[l]! * squaredDistance(point, means[l]!)));
  const rate = weights.reduce((total, weight, l) => total + weight * rates[l]!, 0);
  const mean = new Float64Array(point.length);
  for (const [l, weight] of weights.entries())
    for (let j = 0; j < mean.length; j++) mean[j]! += ((weight * rates[l]!) / rate) * means[l]![j]!;
  let height = 0;
  for (const [l, weight] of weights.entries())
    if (weight > 0) height += weight * (heights[l]! - Math.log(weight) - rates[l]! * squaredDistance(means[l]!, mean));
  return { height, rate, mean };
}

function squaredDistance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += (a[j]! - b[j]!) ** 2;
  return sum;
}

/** Newton's iteration doubles its digits each time. */
const MOST_STEPS = 30;

/** Far more than what float64 loses in the sums. */
const DISTANCE_ROUNDING = 1e-12;

/**
 * A lower bound, sharp up to rounding, on `min sum_i (f_i + u_i / sqrt(v_i))^2` over `|u| <= radius`: how near a Euclidean ball
 * comes to a point in a metric with the variances v, f being the displacement of the ball's centre from it.
 *
 * By duality the minimum is the largest value over nu >= 0 of `nu (sum_i f_i^2 v_i / (1 + nu v_i) - radius^2)`. Every nu gives
 * a lower bound, so none depends on how well the best is found. It is found as for trust regions (Conn, Gould and Toint 2000,
 * section 7.3): where the reach `(sum_i f_i^2 v_i / (1 + nu v_i)^2)^(1/2)` is the radius, by Newton's iteration on its inverse,
 * which is concave and so approached from below.
 */
export function leastSquaredDistance(f: Float64Array, variances: Float64Array, radius: number): number {
  const shares = f.map((value, i) => value * value * variances[i]!);
  const length = Math.sqrt(shares.reduce((sum, share) => sum + share, 0));
  if (length <= radius) return 0;
  if (radius === 0) return f.reduce((sum, value) => sum + value * value, 0) * (1 - DISTANCE_ROUNDING);
  let nu = (length / radius - 1) / variances.reduce((a, b) => Math.max(a, b));
  for (let n = 0; n < MOST_STEPS; n++) {
    const { reach, slope } = reachAt(nu, shares, variances);
    const step = ((reach - radius) / radius) * (reach ** 2 / slope);
    if (!(step > Number.EPSILON * nu)) break;
    nu += step;
  }
  let shrunk = 0;
  for (let i = 0; i < f.length; i++) shrunk += (shares[i]! * nu) / (1 + nu * variances[i]!);
  return Math.max(0, shrunk - nu * radius * radius - DISTANCE_ROUNDING * shrunk);
}

/** How far from the point the ball would have to reach for this nu, and minus half the slope of the square of that. */
function reachAt(
  nu: number,
  shares: Float64Array,
  variances: Float64Array,
): { readonly reach: number; readonly slope: number } {
  let square = 0;
  let slope = 0;
  for (let i = 0; i < shares.length; i++) {
    const shrink = 1 / (1 + nu * variances[i]!);
    const part = shares[i]! * shrink * shrink;
    square += part;
    slope += part * shrink * variances[i]!;
  }
  return { reach: Math.sqrt(square), slope };
}

/** `log p(x|in) - log(lambda p(x|out))` of displacements from the centre `[B, d]`: `[B, 1]`. Runs in a tidy. */
type LogRatio = (displacement: tf.Tensor2D) => tf.Tensor2D;

/** The {@link LogRatio} of a model, in float32. */
export function logRatio({ metric, inside, outside, lambda }: CcuModel): LogRatio {
  const dimensions = metric.centre.length;
  const embedded = embedding(metric);
  const logInside = logDensity(exactDensity(inside, dimensions));
  const logOutside = logDensity(exactDensity(outside, dimensions, lambda));
  return (displacement) => {
    const point = embedded(displacement);
    const squares = tf.sum(tf.square(point), 1, true);
    return tf.sub(logInside(point, squares), logOutside(point, squares));
  };
}

/** `embed` for a batch: `[B, d]` to `[B, p + d]`. */
function embedding({ axes, variances, centre }: Metric): (displacement: tf.Tensor2D) => tf.Tensor2D {
  const shape = [axes.length, centre.length] as [number, number];
  const entries = flat(axes);
  const deviations = Float32Array.from(variances, Math.sqrt);
  const [alongAxes, elsewhere] = [deviations.subarray(0, axes.length), deviations[axes.length]!];
  return (displacement) => {
    const rows = tf.tensor2d(entries, shape);
    const along: tf.Tensor2D = tf.matMul(displacement, rows, false, true);
    const rest: tf.Tensor2D = tf.sub(displacement, tf.matMul(along, rows));
    return tf.concat([tf.div(along, tf.tensor1d(alongAxes)) as tf.Tensor2D, tf.div(rest, elsewhere) as tf.Tensor2D], 1);
  };
}

/** The log-density of embedded points, by `|y - m|^2 = |y|^2 - 2 y . m + |m|^2`: `[B, 1]`. */
function logDensity({ heights, rates, means }: LogDensity): (point: tf.Tensor2D, squares: tf.Tensor) => tf.Tensor {
  const centres = flat(means);
  const own = means.map((mean) => lengthOf(mean) ** 2);
  return (point, squares) => {
    const rows = tf.tensor2d(centres, [means.length, point.shape[1]]);
    const products = tf.matMul(point, rows, false, true);
    const distances = tf.add(tf.sub(squares, tf.mul(2, products)), tf.tensor1d(own));
    const drop = tf.mul(tf.tensor1d(Float32Array.from(rates)), distances);
    return tf.logSumExp(tf.sub(tf.tensor1d(Float32Array.from(heights)), drop), 1, true);
  };
}

function flat(rows: readonly Float64Array[]): Float32Array {
  const size = rows[0]!.length;
  const result = new Float32Array(rows.length * size);
  for (const [i, row] of rows.entries()) result.set(row, i * size);
  return result;
}
