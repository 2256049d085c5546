import { softmax } from '../../core/softmax';
import type { LogDensity, SafeDensities } from './safeDensities';

/** `peak - bend |y - top|^2`, with bend > 0. */
export interface Difference {
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
export function differences({ inside, outside }: SafeDensities, point: Float64Array): readonly Difference[] {
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
