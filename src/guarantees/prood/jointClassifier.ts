import * as tf from '@tensorflow/tfjs-core';
import type { Classifier } from '../../classifier/types';
import { onePair } from '../../core/bounds';
import { checkKeys, checkNonNegative, checkOneOf, checkPositive } from '../../core/check';
import { inTasks } from '../../core/pausing';
import { checkSlope } from '../../regions/checkVector';
import { limitAlongRay } from '../../regions/limitAlongRay';
import { readRows, type Samples } from '../../regions/readRows';
import type { PiecewiseAffine } from '../../regions/types';
import type { Norm } from '../bounds/ball';
import type { BoundMethod } from '../bounds/confidenceOverBox';
import { ballIn } from '../bounds/interval';
import { roundoff } from '../growth/roundoff';
import type { GuaranteedClassifier } from '../types';
import { pointAt, radiusWithinHorizon, readPoints, withinHorizon } from '../wrapper/points';
import { withoutOverflow, wrap } from '../wrapper/wrappedNet';
import { type Discriminator, largestScore, logSigmoid, scoreBound, scoresOf } from './discriminator';

/** Options of {@link JointClassifier.linfConfidenceBound} and {@link JointClassifier.l2ConfidenceBound}. */
export interface LinfBoundOptions {
  /**
   * 'interval' bounds the units of g by intervals and only g itself by linear functions of the input; 'crown' bounds all units
   * that the intervals leave open by these, too: never looser, but it takes seconds for an image. @defaultValue 'interval'
   */
  readonly method?: BoundMethod;
}

/** A model joined with a discriminator. */
export interface JointClassifier extends GuaranteedClassifier {
  /**
   * The scores g of a batch, high on the data. The caller owns them.
   *
   * @param x - `[B, ...inputShape]`, float32.
   * @returns `[B]`.
   */
  scores(x: tf.Tensor): tf.Tensor1D;
  /**
   * An upper bound on the confidence of every point of the box of valid inputs within an L-infinity distance of x, safe under
   * rounding.
   *
   * @param x - `[B, ...inputShape]`, float32, inside the bounds. Stays the caller's.
   * @param epsilon - L-infinity radius, in input units, >= 0.
   */
  linfConfidenceBound(x: tf.Tensor, epsilon: number, options?: LinfBoundOptions): Promise<Float64Array>;
  /**
   * The same within a Euclidean distance of x. No looser than {@link GuaranteedClassifier.confidenceBound}, which counts points outside the
   * box too, nor than {@link JointClassifier.linfConfidenceBound} of the same radius.
   *
   * @param x - `[B, ...inputShape]`, float32, inside the bounds. Stays the caller's.
   * @param radius - Euclidean radius, in input units, >= 0.
   */
  l2ConfidenceBound(x: tf.Tensor, radius: number, options?: LinfBoundOptions): Promise<Float64Array>;
  /**
   * Whether some feature of g grows without end along the ray from `centre` through each point: the condition under which the
   * confidence goes to 1/K along that ray even without the fall of g outside the box. Computed on the last linear piece of the ray.
   *
   * @param x - A batch `[n, ...inputShape]`, or n flat lists of numbers, none of them the centre itself.
   */
  growsAlong(x: Samples): boolean[];
}

/** The classifier and its guarantees; `net` are the discriminator's features. */
export function jointClassifier(
  model: Classifier,
  discriminator: Discriminator,
  net: PiecewiseAffine,
): JointClassifier {
  const { classes } = model;
  const bounds = onePair({ fn: 'jointDiscriminator', argument: 'bounds' }, model.bounds);
  const { slope, bias } = discriminator;
  const centre = new Float64Array(net.inputSize).fill((bounds[0] + bounds[1]) / 2);
  const scores = (x: tf.Tensor) => tf.tidy(() => scoresOf(discriminator, withinHorizon(x)));
  const logits: Classifier['logits'] = (x, options) =>
    tf.tidy(() => {
      const seen = withinHorizon(x);
      return jointLogits(model.logits(seen, options), scoresOf(discriminator, seen));
    });
  const boundsAround = async (
    fn: string,
    x: tf.Tensor,
    reach: number,
    { norm, bounds, method }: { norm: Norm; bounds: readonly [number, number] | undefined; method: BoundMethod },
  ) => {
    const where = { fn, argument: 'x' };
    const points = await readPoints(where, x, model.inputShape);
    const found = new Float64Array(points.count);
    for (let i = 0; i < found.length; i++) {
      const ball = ballIn(where, pointAt(points, i), reach, { norm, bounds, arithmetic: 'float32' });
      const most = await inTasks(fn, scoreBound(net, discriminator, ball, method), undefined);
      found[i] = largestJointConfidence(classes, most);
    }
    return found;
  };
  const own = wrap(model, {
    logits,
    centre,
    asymptote: slope > 0 ? 1 / classes : largestJointConfidence(classes, largestScore(bias)),
    farAwayRadius(epsilon: number) {
      checkPositive({ fn: 'farAwayRadius', argument: 'epsilon' }, epsilon);
      const most = scoreForConfidence(classes, 1 / classes + epsilon);
      return radiusWithinHorizon(distanceForScore(discriminator, net.inputSize, most), centre);
    },
    async confidenceBound(x: tf.Tensor, radius: number) {
      checkNonNegative({ fn: 'confidenceBound', argument: 'radius' }, radius);
      return boundsAround('confidenceBound', x, radius, { norm: 'l2', bounds: undefined, method: 'interval' });
    },
  });
  return Object.assign(own, {
    scores,
    async linfConfidenceBound(x: tf.Tensor, epsilon: number, options: LinfBoundOptions = {}) {
      const fn = 'linfConfidenceBound';
      const { method } = checkedMethod(fn, options);
      checkNonNegative({ fn, argument: 'epsilon' }, epsilon);
      return boundsAround(fn, x, epsilon, { norm: 'linf', bounds, method });
    },
    async l2ConfidenceBound(x: tf.Tensor, radius: number, options: LinfBoundOptions = {}) {
      const fn = 'l2ConfidenceBound';
      const { method } = checkedMethod(fn, options);
      checkNonNegative({ fn, argument: 'radius' }, radius);
      return boundsAround(fn, x, radius, { norm: 'l2', bounds, method });
    },
    growsAlong(x: Samples) {
      return readRows({ fn: 'growsAlong', argument: 'x' }, net, x).map((point) => {
        const direction = point.map((value, j) => value - centre[j]!);
        checkSlope('growsAlong', net, direction);
        const { slope, slopeErrors } = limitAlongRay(net, centre, direction);
        return slope.some((growth, i) => growth > slopeErrors[i]!);
      });
    },
  });
}

function checkedMethod(fn: string, options: LinfBoundOptions): Required<LinfBoundOptions> {
  checkKeys({ fn, argument: 'options' }, options, { method: true });
  const { method = 'interval' } = options;
  checkOneOf({ fn, argument: 'method' }, method, ['interval', 'crown']);
  return { method };
}

/**
 * A distance from the middle of the box beyond which g is at most `most`. There `g <= b - slope * D`, D being the distance to the box in the
 * sum of absolute values, at least the Euclidean one, and that is at least the distance to the middle less half the diagonal.
 */
function distanceForScore({ slope, bias, box: [low, high] }: Discriminator, size: number, most: number): number {
  if (largestScore(bias) <= most) return 0;
  const unit = roundoff(2 * size + 4);
  const fall = bias - most + unit * (Math.abs(bias) + Math.abs(most));
  return (1 + unit) * (fall / (slope * (1 - 2 * unit)) + (Math.sqrt(size) * (high - low)) / 2);
}

/**
 * `log p_k = log(s(g) p_k(x) + s(-g) / K)`, s the logistic function: the model's probabilities where g says "in", uniform ones
 * where it says "out"; `[B, K]`, which is also its own logits. Runs in a tidy.
 */
export function jointLogits(logits: tf.Tensor2D, scores: tf.Tensor1D): tf.Tensor2D {
  const column = (values: tf.Tensor1D) => tf.expandDims(values, 1);
  const inside = tf.add(column(logSigmoid(scores)), tf.logSoftmax(withoutOverflow(logits)));
  const uniform = tf.sub(column(logSigmoid(tf.neg(scores))), Math.log(logits.shape[1]));
  const outside = tf.add(tf.zerosLike(logits), uniform);
  return tf.logSumExp(tf.stack([inside, outside], 2), 2) as tf.Tensor2D;
}

/**
 * The largest confidence that a score of at most `most` allows, `s + (1 - s) / K`, and what float32 makes of it: the entries of
 * {@link jointLogits} that count are of size `log K + log(1 + e^g) + 1` at most, and are off by a few roundings of that and
 * those of the sum of K exponentials.
 */
export function largestJointConfidence(classes: number, most: number): number {
  const s = 1 / (1 + Math.exp(-most));
  return Math.min(1, (s + (1 - s) / classes) * slack(classes, most));
}

/** The score up to which {@link largestJointConfidence} is at most `confidence`; -Infinity where rounding takes all. */
export function scoreForConfidence(classes: number, confidence: number): number {
  if (confidence >= 1) return Number.POSITIVE_INFINITY;
  // The slack grows with the score; at this score s is `confidence` or more, so at the one looked for it is no larger.
  const most = Math.log(confidence / (1 - confidence));
  const s = (confidence / slack(classes, most) - 1 / classes) / (1 - 1 / classes);
  return s > 0 ? Math.log(s / (1 - s)) : Number.NEGATIVE_INFINITY;
}

function slack(classes: number, most: number): number {
  const size = Math.log(classes) + Math.log1p(Math.exp(-Math.abs(most))) + Math.max(0, most) + 1;
  return Math.exp(2 * roundoff(classes + 10) * size);
}
