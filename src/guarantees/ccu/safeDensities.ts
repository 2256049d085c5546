import { lengthOf } from '../growth/networkGrowth';
import { roundoff } from '../growth/roundoff';
import { pointAt } from '../wrapper/points';
import type { Metric } from './metric';

/** The two mixtures of CCU, the metric they live in, and the weight of the out-distribution. */
export interface CcuModel {
  readonly metric: Metric;
  readonly inside: Mixture;
  readonly outside: Mixture;
  readonly lambda: number;
}

/** `log sum_k exp(heights_k - rates_k |y - means_k|^2)`, y in embedded coordinates. */
export interface LogDensity {
  readonly heights: Float64Array;
  readonly rates: Float64Array;
  readonly means: readonly Float64Array[];
}

/** A density that is nowhere below the one of the data as a backend computes it, and one nowhere above that outside. */
export interface SafeDensities {
  readonly inside: LogDensity;
  /** With log lambda in it. */
  readonly outside: LogDensity;
  /** Float32 coordinates are those of a point no farther away than this, relative to its distance from the centre. */
  readonly blur: number;
  /** Relative error of what follows the densities. */
  readonly unit: number;
}

/** Numbers that a log-sum-exp loses at most, whatever it sums: rounded arguments of exp that matter are above -100. */
const EXPONENTIAL = 512;

/**
 * Counts float32 rounding into the densities, so that bounds can be worked out as if there were none.
 *
 * With u the unit of {@link roundoff}: coordinates along an axis are off by `u |x - c|` and what is left of x by
 * `3 u sqrt(p) |x - c|`, an error that a point nearby would explain. A squared distance `|y|^2 - 2 y . m + |m|^2` is off by at
 * most `u (|y| + |m|)^2 <= u (2 |y - m|^2 + 8 |m|^2)`: a slightly different rate and height. All further operations change
 * a logarithm by a few u of its size, and `|log sum exp z|` is no larger than heights, log M and the distances allow.
 */
export function safeDensities({ metric, inside, outside, lambda }: CcuModel): SafeDensities {
  const dimensions = metric.centre.length;
  const axes = metric.axes.length;
  const components = inside.weights.length + outside.weights.length;
  const unit = roundoff(dimensions + axes + components + EXPONENTIAL);
  const [bare, bareOut] = [exactDensity(inside, dimensions), exactDensity(outside, dimensions, lambda)];
  const largest = [...bare.heights, ...bareOut.heights].reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const constant = 4 * unit * (largest + Math.abs(Math.log(lambda)) + Math.log(components) + 2);
  const shifted = ({ heights, rates, means }: LogDensity, sign: 1 | -1): LogDensity => ({
    heights: heights.map((height, k) => height + sign * (constant + 16 * unit * rates[k]! * lengthOf(means[k]!) ** 2)),
    rates: rates.map((rate) => rate * (1 - sign * 8 * unit)),
    means,
  });
  return {
    inside: shifted(bare, 1),
    outside: shifted(bareOut, -1),
    blur: 3 * Math.sqrt(axes + 1) * roundoff(dimensions + axes),
    unit,
  };
}

/** A mixture without rounding, times a factor. */
export function exactDensity(mixture: Mixture, dimensions: number, factor = 1): LogDensity {
  const count = mixture.weights.length;
  const points = { values: mixture.means, size: mixture.means.length / count, count };
  return {
    heights: logHeights(mixture, dimensions).map((height) => height + Math.log(factor)),
    rates: mixture.variances.map((variance) => 1 / (2 * variance)),
    means: Array.from({ length: count }, (_, k) => pointAt(points, k)),
  };
}

/** A mixture of spherical Gaussians in embedded coordinates of a metric. */
export interface Mixture {
  /** Positive, with the sum 1; M numbers. */
  readonly weights: Float64Array;
  /** M rows of embedded coordinates, flat. */
  readonly means: Float64Array;
  /** M numbers, in squared units of the metric. */
  readonly variances: Float64Array;
}

/**
 * `log a_k - d/2 log(2 pi s_k)`, what a component adds to the density at its mean, d being the entries of an input. The volume
 * of the metric's unit cube, the same for every mixture, is left out.
 */
export function logHeights(
  { weights, variances }: Pick<Mixture, 'weights' | 'variances'>,
  dimensions: number,
): Float64Array {
  return weights.map((weight, k) => Math.log(weight) - (dimensions / 2) * Math.log(2 * Math.PI * variances[k]!));
}

/** `log sum_k exp z_k`. */
export function logSumExp(z: Float64Array): number {
  const largest = z.reduce((a, b) => Math.max(a, b));
  return largest + Math.log(z.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}
