import * as tf from '@tensorflow/tfjs-core';
import type { Classifier } from '../../classifier/types';
import { checkNonNegative, checkPositive, refuse } from '../../core/check';
import { log1p } from '../../core/log1p';
import { sharpLogitRange } from '../../core/softmax';
import type { GuaranteedClassifier } from '../types';
import { HORIZON, pointAt, radiusWithinHorizon, readPoints, withinHorizon } from '../wrapper/points';
import { largestConfidence } from '../wrapper/rowBound';
import { withoutOverflow, wrap } from '../wrapper/wrappedNet';
import { logRatio, ratioRadius, worstLogRatio } from './ratioBounds';
import { type CcuModel, safeDensities } from './safeDensities';

/** A {@link GuaranteedClassifier} that also says how far around a point it can promise a confidence. */
export interface CcuClassifier extends GuaranteedClassifier {
  /**
   * How far around each x the confidence is certified: every point nearer than this, in Euclidean distance, has a
   * confidence of at most `confidence`. Found by bisection of `confidenceBound`.
   *
   * @param x - `[B, ...inputShape]`, float32; need not lie in `bounds`. Stays the caller's.
   * @param confidence - Above 1/K and below 1, for example `1.1 / classes`.
   * @returns One radius per row of x, in input units; 0 where nothing can be promised.
   */
  radiusFor(x: tf.Tensor, confidence: number): Promise<Float64Array>;
}

/** What backends without an exact log(1 + x) lose of it, and far more than what the least ratio adds. */
const LOG1P_ERROR = 2 ** -20;

/**
 * The logarithm of r is not let below this: no logit is more than K times 1e-26 then, and all still rank the classes, which
 * float32 would call equal from -104 on.
 */
const LEAST_RATIO = -60;

/**
 * CCU on a classifier, with `z_k = log(1 + K r(x) p(k|x, in))`, `r = p(x|in) / (lambda p(x|out))`, as logits: their softmax is
 * `(1 + K r p_k) / (K + K r)`, the probability of CCU, and they keep the order of the p_k as r goes to 0.
 */
export function ccuClassifier(net: Classifier, model: CcuModel): CcuClassifier {
  const { classes, inputShape } = net;
  const { metric } = model;
  const { centre } = metric;
  const horizon = horizonOf(model);
  const ratioOf = logRatio(model);
  const safe = safeDensities(model);
  const logits: Classifier['logits'] = (x, options) =>
    tf.tidy(() => {
      const seen = withinHorizon(x, horizon);
      const flat = tf.reshape(seen, [x.shape[0]!, centre.length]);
      const displacement: tf.Tensor2D = tf.sub(flat, tf.tensor1d(Float32Array.from(centre)));
      const ratio = tf.add(raise(ratioOf(displacement), LEAST_RATIO), Math.log(classes));
      return softplus(tf.add(ratio, tf.logSoftmax(withoutOverflow(net.logits(seen, options)))));
    });
  // With log r <= ratio no logit exceeds log(1 + K r), and none is negative.
  const confidenceAt = (ratio: number) => {
    const a = ratio + Math.log(classes);
    const logit = Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));
    return largestConfidence(new Float64Array(classes ** 2).fill((1 + safe.unit) * logit + LOG1P_ERROR), classes);
  };
  const boundsOf = async (fn: string, x: tf.Tensor) => {
    const points = await readPoints({ fn, argument: 'x' }, x, inputShape, horizon);
    return Array.from({ length: points.count }, (_, i) => {
      const displacement = pointAt(points, i).map((value, j) => value - centre[j]!);
      return (radius: number) => confidenceAt(worstLogRatio(metric, safe, displacement, radius));
    });
  };
  const guaranteed = wrap(net, {
    logits,
    centre,
    asymptote: 1 / classes,
    farAwayRadius(epsilon: number) {
      checkPositive({ fn: 'farAwayRadius', argument: 'epsilon' }, epsilon);
      const logit = (sharpLogitRange(classes, epsilon) - LOG1P_ERROR) / (1 + safe.unit);
      if (logit === Number.POSITIVE_INFINITY) return 0;
      if (logit <= 0) return Number.POSITIVE_INFINITY;
      const limit = Math.log(Math.expm1(logit) / classes);
      return radiusWithinHorizon(ratioRadius(metric, safe, limit), centre, horizon);
    },
    async confidenceBound(x: tf.Tensor, radius: number) {
      const fn = 'confidenceBound';
      checkNonNegative({ fn, argument: 'radius' }, radius);
      return Float64Array.from(await boundsOf(fn, x), (bound) => bound(radius));
    },
  });
  return Object.assign(guaranteed, {
    async radiusFor(x: tf.Tensor, confidence: number) {
      const fn = 'radiusFor';
      checkConfidence(fn, confidence, classes);
      return Float64Array.from(await boundsOf(fn, x), (bound) =>
        largestRadius((radius) => bound(radius) <= confidence),
      );
    },
  });
}

function checkConfidence(fn: string, confidence: number, classes: number): void {
  if (typeof confidence !== 'number' || !(confidence > 1 / classes && confidence < 1))
    refuse(
      { fn, argument: 'confidence' },
      'INVALID_OPTION',
      `a number above 1/K = ${1 / classes} and below 1`,
      String(confidence),
      'Pass for example 1.1 / classes.',
    );
}

/** Powers of two that float32 holds with room for sums. */
const LARGEST_EXPONENT = 120;

/**
 * Inputs are seen with every entry clipped to this size, a power of two, so that no logarithm of a density overflows: with
 * entries up to H and a centre nearer than H, `(|y| + |m|)^2 <= 16 d H^2 / v` with v the least variance of the metric.
 */
function horizonOf({ metric, inside }: CcuModel): number {
  const least = metric.variances.reduce((a, b) => Math.min(a, b));
  const narrowest = inside.variances.reduce((a, b) => Math.min(a, b), 1);
  const growth = (16 * metric.centre.length) / (least * narrowest);
  return Math.min(HORIZON, 2 ** Math.floor((LARGEST_EXPONENT - Math.log2(growth)) / 2));
}

/** Halvings of the interval that the radius is known to lie in. */
const BISECTIONS = 30;

/** The largest radius for which a condition holds that is false from some radius on; 0 if it never holds. */
export function largestRadius(holds: (radius: number) => boolean): number {
  if (!holds(0)) return 0;
  let low = 0;
  let high = 1;
  while (holds(high)) {
    low = high;
    high *= 2;
    if (high > HORIZON) return Number.POSITIVE_INFINITY;
  }
  for (let n = 0; n < BISECTIONS; n++) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** `max(x, least)` with the gradient of x everywhere, so that an attack still sees which way is up where x is too small. */
function raise(x: tf.Tensor, least: number): tf.Tensor {
  return tf.customGrad((...inputs) => {
    const [value] = inputs as [tf.Tensor];
    return { value: tf.maximum(value, least), gradFunc: (dy) => dy };
  })(x);
}

/** `log(1 + e^a)`, with small values exact to float32. */
function softplus(a: tf.Tensor): tf.Tensor2D {
  return tf.customGrad<tf.Tensor2D>((...inputs) => {
    const [x, save] = inputs as [tf.Tensor2D, tf.GradSaveFunc];
    save([x]);
    return {
      value: tf.add(tf.relu(x), log1p(tf.exp(tf.neg(tf.abs(x))))),
      gradFunc: (dy, saved) => tf.mul(dy, tf.sigmoid(saved[0]!)),
    };
  })(a);
}
