import { softmax } from '../../core/softmax';
import { lengthOf } from '../growth/networkGrowth';
import { leastSquaredDistance } from './leastSquaredDistance';
import { embed, fold, type Metric } from './metric';
import { logSumExp } from './mixture';
import type { LogDensity, SafeDensities } from './safeDensities';

/** Far more than what float64 loses on the way. */
const ROUNDING = 1e-9;

/**
 * An upper bound on `log p(y|in) - log(lambda p(y|out))` over a Euclidean ball, float32 rounding included.
 *
 * For weights w of sum 1, `log sum_l exp z_l >= sum_l w_l (z_l - log w_l)`, with equality for the softmax of z. With the
 * weights that are sharp at the centre of the ball this bounds the out-density from below by one Gaussian, `h - b |y - n|^2`.
 * A Gaussian of the data, `g - a |y - m|^2`, has a > b, so the difference is concave:
 * `g - h + a b / (a - b) |m - n|^2 - (a - b) |y - t|^2` with `t = (a m - b n) / (a - b)`, largest where the ball is nearest to t.
 */
export function worstLogRatio(
  metric: Metric,
  { inside, outside, blur }: SafeDensities,
  displacement: Float64Array,
  radius: number,
): number {
  const point = embed(metric, displacement);
  const reach = radius + blur * (lengthOf(displacement) + radius);
  const { height: h, rate: b, mean: n } = gaussianBelow(outside, point);
  const logs = inside.heights.map((g, k) => {
    const [a, m] = [inside.rates[k]!, inside.means[k]!];
    const fromTop = point.map((value, j) => value - (a * m[j]! - b * n[j]!) / (a - b));
    const least = leastSquaredDistance(fold(metric, fromTop), metric.variances, reach);
    return g - h + ((a * b) / (a - b)) * squaredDistance(m, n) - (a - b) * least;
  });
  const worst = logSumExp(logs);
  return worst + ROUNDING * (1 + Math.abs(worst));
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
  return a.reduce((sum, value, j) => sum + (value - b[j]!) ** 2, 0);
}
