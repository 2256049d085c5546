import * as tf from '@tensorflow/tfjs-core';
import { readLogits } from '../../classifier/readLogits';
import type { Classifier } from '../../classifier/types';
import { checkNonNegative, checkPositive } from '../../core/check';
import { sharpLogitRange } from '../../core/softmax';
import type { LogitGrowth } from '../growth/logitGrowth';
import type { Affine } from '../growth/networkGrowth';
import { roundoff } from '../growth/roundoff';
import type { GuaranteedClassifier } from '../types';
import { depthOf, pointAt, readPoints, withinHorizon } from './points';
import { rowBound, type TemperatureRange } from './rowBound';
import { belowLargest, frozen, wrap } from './wrappedNet';

/** A temperature T >= 1 that logits are divided by, and which grows with the distance from a centre. */
export interface Cooling {
  /** `f(x) / T(x)`, `[B, K]`, for displacements `x - centre` `[B, d]`, without overflow; runs in a tidy. */
  divide(logits: tf.Tensor2D, displacement: tf.Tensor2D): tf.Tensor2D;
  /** T within a Euclidean distance of a displacement. */
  range(displacement: Float64Array, radius: number): TemperatureRange;
  /** A convex function of the distance that T is never below, and which outgrows every straight line. */
  least(distance: number): number;
  /** The derivative of `least`. */
  leastSlope(distance: number): number;
}

/** What {@link cooledClassifier} cools. */
export interface Cooled {
  readonly net: Classifier;
  readonly centre: Float64Array;
  readonly growth: LogitGrowth;
  /** Inputs are seen with every entry clipped to this size. */
  readonly horizon: number;
}

/** More than what can be lost below the smallest normal float32, in all steps of a wrapper together. */
const UNDERFLOW = 2 ** -120;

/** Logits divided by a temperature that outgrows them: `f(x) / T(x)`, uniform in the limit of every ray. */
export function cooledClassifier({ net, centre, growth, horizon }: Cooled, cooling: Cooling): GuaranteedClassifier {
  const size = centre.length;
  const centre32 = Float32Array.from(centre);
  /** How much the division and the sums in T can change a difference of logits, relative to it. */
  const unit = roundoff(size + 10);
  const logits: Classifier['logits'] = (x, options) =>
    tf.tidy(() => {
      const seen = withinHorizon(x, horizon);
      const displacement = tf.sub(tf.reshape(seen, [x.shape[0]!, size]), tf.tensor1d(centre32)) as tf.Tensor2D;
      return cooling.divide(belowLargest(net.logits(seen, options)), displacement);
    });
  return wrap(net, {
    logits,
    centre,
    asymptote: 1 / net.classes,
    farAwayRadius(epsilon: number) {
      checkPositive({ fn: 'farAwayRadius', argument: 'epsilon' }, epsilon);
      const range = sharpLogitRange(net.classes, epsilon) * (1 - unit) - UNDERFLOW;
      return coolRadius(cooling, growth.range, range, depthOf(centre, horizon));
    },
    async confidenceBound(x: tf.Tensor, radius: number) {
      const fn = 'confidenceBound';
      checkNonNegative({ fn, argument: 'radius' }, radius);
      const points = await readPoints({ fn, argument: 'x' }, x, net.inputShape, horizon);
      const seen = withinHorizon(x, horizon);
      const { values } = await readLogits(fn, net, seen, {}).finally(() => seen.dispose());
      return Float64Array.from({ length: points.count }, (_, i) => {
        const displacement = pointAt(points, i).map((value, j) => value - centre[j]!);
        const row = values.subarray(i * net.classes, (i + 1) * net.classes);
        return rowBound(row, growth, displacement, radius, cooling.range(displacement, radius), unit);
      });
    },
  });
}

/** Displacements, brought to a size that can be raised to powers. */
export interface ScaledDisplacement {
  /** `a = max(1, r |x - c|_inf)`, `[B, 1]`, as a constant: what is made of both does not depend on it. */
  readonly a: tf.Tensor;
  /** `r (x - c) / a`, no entry larger than 1. */
  readonly v: tf.Tensor;
}

/** Factors up to this size and their products with displacements fit into float32: 2^126. */
const LARGEST = 2 ** 126;

/** A factor r of displacements that float32 holds, at most as large as asked for. */
export function heldFactor(r: number): number {
  return Math.min(LARGEST, r);
}

/** Displacements `[B, d]` times a {@link heldFactor}, scaled so that nothing overflows; runs in a tidy. */
export function scaledBy(r: number, displacement: tf.Tensor2D): ScaledDisplacement {
  const largest = frozen(displacement, (x) => tf.max(tf.abs(x), 1, true));
  const reach = frozen(largest, (size) => tf.minimum(tf.mul(r, size), LARGEST));
  const divisor = frozen(largest, (size) => tf.where(tf.greater(size, 0), size, tf.onesLike(size)));
  const a = tf.maximum(1, reach);
  return { a, v: tf.mul(tf.div(displacement, divisor), tf.div(reach, a)) };
}

/** Enough to find any float64 between two others. */
const BISECTIONS = 200;

/**
 * From which distance r on `(a + b r) / T(r) <= D`, with `a + b r` the range of the logits and D the range asked for;
 * Infinity if it does not hold at the farthest distance.
 *
 * `h(r) = D T(r) - a - b r` is convex and grows without bound, so "h(r) >= 0 and h'(r) >= 0" is false up to some r and true
 * from there on; that r is found by bisection. If h is positive even where it is least, every distance will do.
 */
export function coolRadius(
  { least, leastSlope }: Pick<Cooling, 'least' | 'leastSlope'>,
  { atCentre, perUnit }: Affine,
  range: number,
  farthest: number,
): number {
  if (range === Number.POSITIVE_INFINITY) return 0;
  const margin = (r: number) => range * least(r) - atCentre - perUnit * r;
  const rises = (r: number) => range * leastSlope(r) >= perUnit;
  const fits = (r: number) => margin(r) >= 0 && rises(r);
  if (!(range > 0 && farthest > 0 && fits(farthest))) return Number.POSITIVE_INFINITY;
  const lowest = bisect(rises, farthest);
  if (margin(lowest) >= 0) return 0;
  return bisect(fits, farthest);
}

/** The least r in [0, high] for which a condition holds that stays true once it is, from above. */
function bisect(holds: (r: number) => boolean, high: number): number {
  if (holds(0)) return 0;
  let low = 0;
  let found = high;
  for (let n = 0; n < BISECTIONS; n++) {
    const middle = low + (found - low) / 2;
    if (holds(middle)) found = middle;
    else low = middle;
  }
  return found;
}
