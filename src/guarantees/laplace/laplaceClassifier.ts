import * as tf from '@tensorflow/tfjs-core';
import { readLogits } from '../../classifier/readLogits';
import type { Classifier } from '../../classifier/types';
import { checkNonNegative, checkPositive } from '../../core/check';
import { denseMap } from '../../regions/maps/denseMap';
import { type MapNorms, mapNorms } from '../growth/mapNorms';
import { lengthOf } from '../growth/networkGrowth';
import { roundoff } from '../growth/roundoff';
import type { GuaranteedClassifier } from '../types';
import { horizonWithin, pointAt, readPoints, withinHorizon } from '../wrapper/points';
import { largestConfidence, rowBound, type TemperatureRange } from '../wrapper/rowBound';
import { belowLargest, frozen, wrap } from '../wrapper/wrappedNet';
import { type LaplaceParts, PROBIT, timesFactor } from './posterior';

/** Products with the factor of the posterior are kept below this: 2^120. */
const LARGEST = 2 ** 120;

/** Logits divided by `sqrt(1 + pi/8 v)`, v being the variance that the posterior of the last layer gives them. */
export function laplaceClassifier(parts: LaplaceParts): GuaranteedClassifier {
  const { net, head, weights, factor, centre, featureGrowth, logitGrowth } = parts;
  const { confidence: asymptote, norms } = headBound(weights, factor, net.classes);
  const { lipschitz, error } = featureGrowth;
  const { size } = head;
  // A power of two, so that the factor over it has the same digits, and squares of what it makes neither under- nor overflow.
  const scale = 2 ** Math.ceil(Math.log2(factor.reduce((a, b) => Math.max(a, Math.abs(b)), 0)));
  const factor32 = Float32Array.from(factor, (value) => value / scale);
  const reach = (LARGEST / Math.max(1, scale) - featureGrowth.length) / lipschitz;
  const horizon = Math.min(parts.horizon, horizonWithin(reach, centre));
  const unit = roundoff(size + 10);

  /** T over all features that inputs within a distance of x can have, given those of x and how far x is from the centre. */
  const temperatures = (phi: Float64Array, distance: number, radius: number): TemperatureRange => {
    const change = lipschitz * radius + 2 * (error.atCentre + error.perUnit * (distance + radius));
    const deviation = lengthOf(timesFactor(phi, factor));
    const slack = norms.spectral * change + unit * norms.absolute * (lengthOf(phi) + change);
    const at = (length: number) => Math.sqrt(1 + PROBIT * length * length);
    return { least: at(Math.max(0, deviation - slack)), largest: at(deviation + slack) };
  };
  const featuresView: Classifier = { ...net, classes: size, logits: (x, options) => head.features(x, options) };

  return wrap(net, {
    centre,
    asymptote,
    logits: (x, options) =>
      tf.tidy(() => {
        const phi = head.features(withinHorizon(x, horizon), options);
        // With t = max(1, |phi|_inf), w = s t sqrt(pi/8) and a = max(1, w): m / T = (m / t) (t / a) / sqrt(1 / a^2 + (w / a)^2
        // |(L / s)^T phi / t|^2), in which nothing overflows; the result does not depend on t and a.
        const t = frozen(phi, (all) => tf.maximum(1, tf.max(tf.abs(all), 1, true)));
        const shares = tf.div(phi, t) as tf.Tensor2D;
        const w = tf.mul(scale * Math.sqrt(PROBIT), t);
        const a = tf.maximum(1, w);
        const deviation = tf.matMul(shares, tf.tensor2d(factor32, [size, size]));
        const variance = tf.mul(tf.square(tf.div(w, a)), tf.sum(tf.square(deviation), 1, true));
        const shrunk = tf.sqrt(tf.add(tf.square(tf.div(1, a)), variance));
        return belowLargest(tf.div(tf.mul(belowLargest(head.logits(shares)), tf.div(t, a)), shrunk));
      }),
    farAwayRadius(epsilon: number) {
      checkPositive({ fn: 'farAwayRadius', argument: 'epsilon' }, epsilon);
      return asymptote <= 1 / net.classes + epsilon ? 0 : Number.POSITIVE_INFINITY;
    },
    async confidenceBound(x: tf.Tensor, radius: number) {
      const fn = 'confidenceBound';
      checkNonNegative({ fn, argument: 'radius' }, radius);
      const points = await readPoints({ fn, argument: 'x' }, x, net.inputShape, horizon);
      const seen = withinHorizon(x, horizon);
      const [logits, features] = await Promise.all([
        readLogits(fn, net, seen, {}),
        readLogits(fn, featuresView, seen, {}),
      ]).finally(() => seen.dispose());
      return Float64Array.from({ length: points.count }, (_, i) => {
        const displacement = pointAt(points, i).map((value, j) => value - centre[j]!);
        const phi = Float64Array.from(features.values.subarray(i * size, (i + 1) * size));
        const range = temperatures(phi, lengthOf(displacement), radius);
        const row = logits.values.subarray(i * net.classes, (i + 1) * net.classes);
        return Math.min(asymptote, rowBound(row, logitGrowth, displacement, radius, range, unit));
      });
    },
  });
}

/** Far more than what float64 loses in these sums. */
const ROUNDING = 1 + 1e-6;

/** What is known of the last layer and its posterior. */
interface HeadBound {
  /** No confidence exceeds this, whatever the features are. */
  readonly confidence: number;
  /** Norms of the map from features to `L^T phi`. */
  readonly norms: MapNorms;
}

/**
 * The supremum of the confidence over all vectors of features. For two classes k and j, with w the difference of their
 * weights, `w.phi / sqrt(1 + pi/8 |L^T phi|^2) <= sqrt(8/pi) |L^-1 w|` by the inequality of Cauchy and Schwarz, and no
 * smaller number will do.
 *
 * Rounding: a logit is off by at most `u |w_k| |phi|`, and `|L^T phi|` by at most `u | |L| | |phi|`, where
 * `|phi| <= |L^-1| |L^T phi|`.
 */
function headBound(weights: Float64Array, factor: Float64Array, classes: number): HeadBound {
  const size = weights.length / classes;
  const norms = mapNorms(denseMap(factor, size, size));
  const inverse = mapNorms(denseMap(inverseOf(factor, size), size, size)).spectral;
  const unit = roundoff(size + 10);
  const shrunk = 1 - unit * (1 + norms.absolute * inverse);
  const columns = Array.from({ length: classes }, (_, k) =>
    Float64Array.from({ length: size }, (_, i) => weights[i * classes + k]!),
  );
  const differences = new Float64Array(classes * classes);
  for (const [k, mine] of columns.entries())
    for (const [j, other] of columns.entries()) {
      const exact = lengthOf(
        solved(
          factor,
          mine.map((value, i) => value - other[i]!),
        ),
      );
      const rounded = exact + unit * inverse * (lengthOf(mine) + lengthOf(other));
      differences[k * classes + j] = shrunk > 0 ? (ROUNDING * rounded) / (shrunk * Math.sqrt(PROBIT)) : Infinity;
    }
  return { confidence: largestConfidence(differences, classes), norms };
}

/** `L^-1 b` for a lower triangular L. */
function solved(factor: Float64Array, b: Float64Array): Float64Array {
  const size = b.length;
  const y = b.slice();
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) y[i]! -= factor[i * size + j]! * y[j]!;
    y[i]! /= factor[i * size + i]!;
  }
  return y;
}

/** The inverse of a lower triangular matrix, transposed. */
function inverseOf(factor: Float64Array, size: number): Float64Array {
  const rows = Array.from({ length: size }, (_, i) => {
    const unit = new Float64Array(size);
    unit[i] = 1;
    return solved(factor, unit);
  });
  return Float64Array.from({ length: size * size }, (_, index) => rows[Math.floor(index / size)]![index % size]!);
}
