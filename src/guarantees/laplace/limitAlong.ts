import { softmax } from '../../core/softmax';
import { checkSlope } from '../../regions/checkSlope';
import { checkVector } from '../../regions/checkVector';
import { limitAlongRay } from '../../regions/limitAlongRay';
import { slopeError } from '../../regions/slopeError';
import { lengthOf } from '../growth/networkGrowth';
import { type LaplaceParts, PROBIT, timesFactor } from './laplaceParts';

/** The limit of a classifier along a ray. */
export interface ConfidenceLimit {
  /** Limit of the largest softmax probability. */
  readonly confidence: number;
  /** Limit of the probability of each of the K classes. */
  readonly probabilities: Float64Array;
}

/**
 * The exact limit along `origin + t direction`. From some t on the features are `u t + c` (Lemma 3.1 of arXiv 1812.05720), so
 * the logits go to `W u / sqrt(pi/8 |L^T u|^2)`; if u is zero they stay at those of the features c. It is taken for zero if
 * `|u| = u . u / |u|` is no larger than what rounding can make of that.
 */
export function limitAlong(
  parts: LaplaceParts,
  origin: ArrayLike<number>,
  direction: ArrayLike<number>,
): ConfidenceLimit {
  const fn = 'asymptoteAlong';
  const { features } = parts;
  const from = checkVector({ fn, argument: 'origin' }, features, origin);
  const along = checkSlope(fn, features, direction);
  const { slope, intercept, pattern } = limitAlongRay(features, from, along);
  const steepest = slope.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  // In units of its largest entry, so that no square under- or overflows.
  const u = slope.map((value) => (steepest > 0 ? value / steepest : 0));
  const length = lengthOf(u);
  const unit = u.map((value) => (length > 0 ? value / length : 0));
  const grows = steepest * length > slopeError(features, pattern, along, unit);
  const probabilities = softmax(grows ? cooled(parts, u, 0) : cooled(parts, intercept, 1));
  return { confidence: probabilities.reduce((a, b) => Math.max(a, b)), probabilities };
}

/** `W phi + one b` divided by `sqrt(one + pi/8 v)`, v the variance there: at a point (one = 1) or at infinity (one = 0). */
function cooled({ net, head, weights, factor }: LaplaceParts, phi: Float64Array, one: 0 | 1): Float64Array {
  const padded = new Float64Array(head.size).fill(one);
  padded.set(phi);
  const temperature = Math.sqrt(one + PROBIT * lengthOf(timesFactor(padded, factor)) ** 2);
  return Float64Array.from({ length: net.classes }, (_, k) => {
    const logit = padded.reduce((sum, value, i) => sum + value * weights[i * net.classes + k]!, 0);
    return logit / temperature;
  });
}
