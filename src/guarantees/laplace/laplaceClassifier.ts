import * as tf from '@tensorflow/tfjs-core';
import { readLogits } from '../../classifier/readLogits';
import type { Classifier } from '../../classifier/types';
import { checkNonNegative, checkPositive } from '../../core/check';
import { lengthOf } from '../growth/networkGrowth';
import { roundoff } from '../growth/roundoff';
import type { GuaranteedClassifier } from '../types';
import type { TemperatureRange } from '../wrapper/cooling';
import { withinHorizon } from '../wrapper/horizon';
import { pointAt, readPoints } from '../wrapper/readPoints';
import { rowBound } from '../wrapper/rowBound';
import { wrap } from '../wrapper/wrap';
import { headBound, PROBIT } from './headBound';
import { type LaplaceParts, timesFactor } from './laplaceParts';

/** Logits divided by `sqrt(1 + pi/8 v)`, v being the variance that the posterior of the last layer gives them. */
export function laplaceClassifier(parts: LaplaceParts): GuaranteedClassifier {
  const { net, head, weights, factor, centre, featureGrowth, logitGrowth } = parts;
  const { confidence: asymptote, norms } = headBound(weights, factor, net.classes);
  const { lipschitz, error } = featureGrowth;
  const factor32 = Float32Array.from(factor);
  const { size } = head;
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
        const phi = head.features(withinHorizon(x), options);
        // With t = max(1, |phi|_inf): m / T = (m / t) / sqrt(1 / t^2 + pi/8 |L^T phi / t|^2), in which nothing overflows.
        const t = tf.maximum(1, tf.max(tf.abs(phi), 1, true));
        const deviation = tf.matMul(tf.div(phi, t) as tf.Tensor2D, tf.tensor2d(factor32, [size, size]));
        const variance = tf.mul(PROBIT, tf.sum(tf.square(deviation), 1, true));
        return tf.div(tf.div(head.logits(phi), t), tf.sqrt(tf.add(tf.div(tf.div(1, t), t), variance)));
      }),
    farAwayRadius(epsilon: number) {
      checkPositive({ fn: 'farAwayRadius', argument: 'epsilon' }, epsilon);
      return asymptote <= 1 / net.classes + epsilon ? 0 : Number.POSITIVE_INFINITY;
    },
    async confidenceBound(x: tf.Tensor, radius: number) {
      const fn = 'confidenceBound';
      checkNonNegative({ fn, argument: 'radius' }, radius);
      const points = await readPoints({ fn, argument: 'x' }, x, net.inputShape);
      const seen = withinHorizon(x);
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
