import { refuse, show } from '../core/check';
import { softmax } from '../core/softmax';
import { checkVector } from '../regions/checkVector';
import { type LimitAlongRay, limitAlongRay } from '../regions/limitAlongRay';
import type { PiecewiseAffine } from '../regions/types';

/** The limit of a network along a ray. */
export interface AsymptoticConfidence {
  /** Limit of the largest softmax probability: 1 unless several logits grow equally fast. */
  readonly confidence: number;
  /** The classes whose probability does not go to 0, the most probable first. */
  readonly classes: readonly number[];
  /** Limit of the probability of each of the K classes. */
  readonly probabilities: Float64Array;
  /** K numbers, V x of the last region: how fast each logit grows with alpha. */
  readonly slope: Float64Array;
  /** The last breakpoint: from this alpha on the ray stays in one linear region; 0 if it never leaves its first. */
  readonly from: number;
}

/**
 * The exact limit of the confidence at alpha x as alpha grows without bound: Theorem 3.1 of arXiv 1812.05720.
 *
 * From some alpha on the ray stays in one linear region (Lemma 3.1), where the logits are `alpha V x + a`. If one entry of
 * V x is the largest, the confidence goes to 1. Classes that tie for the largest entry share the limit by the softmax of their
 * entries of a, so two equal classes end at 1/2 each; all others go to 0. Slopes are taken as equal if their own rounding,
 * carried along from layer to layer, explains by how much they differ. It costs about seven evaluations, however many regions
 * there are.
 *
 * @param net - A network read by `toPiecewiseAffine`.
 * @param x - The point that is scaled, flat, d numbers, not all zero.
 * @throws OverconfidenceError `INVALID_ARGUMENT`, `INVALID_SHAPE` or `NON_FINITE` unless `x` is d finite numbers that are
 *   not all zero.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { mlp } from 'relu-overconfidence/models';
 * import { toPiecewiseAffine } from 'relu-overconfidence/regions';
 * import { asymptoticConfidence } from 'relu-overconfidence/theory';
 *
 * const net = toPiecewiseAffine(mlp({ inputShape: [2], hidden: [16, 16], classes: 3, seed: 1 }));
 * const { confidence, classes } = asymptoticConfidence(net, [0.3, 0.7]);
 * console.log(confidence, classes.length); // 1 1
 * ```
 */
export function asymptoticConfidence(net: PiecewiseAffine, x: ArrayLike<number>): AsymptoticConfidence {
  const direction = checkDirection('asymptoticConfidence', net, x);
  return confidenceAtLimit(limitAlongRay(net, new Float64Array(net.inputSize), direction));
}

/** What a limit comes to. */
export function confidenceAtLimit({ slope, intercept, from, sameSlope }: LimitAlongRay): AsymptoticConfidence {
  const steepest = slope.indexOf(slope.reduce((a, b) => Math.max(a, b)));
  const tied = [...slope.keys()].filter((k) => sameSlope(steepest, k));
  const probabilities = softmax(intercept.map((value, k) => (tied.includes(k) ? value : Number.NEGATIVE_INFINITY)));
  const classes = tied.sort((j, k) => probabilities[k]! - probabilities[j]!);
  return { confidence: probabilities[classes[0]!]!, classes, probabilities, slope, from };
}

/** A point through which a ray from the origin goes: d finite numbers, not all zero; copied to float64. */
export function checkDirection(fn: string, net: PiecewiseAffine, x: ArrayLike<number>): Float64Array {
  checkNet(fn, 'net', net);
  const point = checkVector({ fn, argument: 'x' }, net, x);
  if (point.every((value) => value === 0))
    refuse({ fn, argument: 'x' }, 'INVALID_ARGUMENT', 'a point other than the origin', 'zeros', 'alpha * 0 stays 0.');
  return point;
}

/** A network that has been read by `toPiecewiseAffine`. */
export function checkNet(fn: string, argument: string, net: unknown): asserts net is PiecewiseAffine {
  if (net === null || typeof net !== 'object' || !('nodes' in net && 'inputSize' in net))
    refuse(
      { fn, argument },
      'INVALID_ARGUMENT',
      'a PiecewiseAffine',
      show(net),
      "Read the model with toPiecewiseAffine from 'relu-overconfidence/regions'.",
    );
}
