import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { applied } from '../../classifier/rightKernels';
import type { Pausing } from '../../core/pausing';
import type { PiecewiseAffine } from '../../regions/types';
import type { BoundMethod } from '../bounds/confidenceOverBox';
import { float32Errors } from '../bounds/float32Errors';
import { formBounds } from '../bounds/formBounds';
import { type Domain, magnitudes } from '../bounds/interval';
import { linearBounds } from '../bounds/linearBounds';
import { roundoff } from '../growth/roundoff';

/**
 * A score that is high on the data and cannot be high far away:
 *
 *     g(x) = b - sum_i exp(w_i) phi_i(x) - slope * sum_j (max(x_j - high, 0) + max(low - x_j, 0)),
 *
 * with features phi >= 0 from a ReLU network. The second sum is zero inside the box `[low, high]`, and grows along every ray
 * that leaves it.
 */
export interface Discriminator {
  /** phi: `[B, ...inputShape]` to `[B, m]`, none of them negative. */
  readonly features: LayersModel;
  /** `-exp(w_i)`, float32. */
  readonly weights: Float32Array;
  /** b, float32. */
  readonly bias: number;
  /** How fast g falls outside the box, float32, >= 0. */
  readonly slope: number;
  readonly box: readonly [number, number];
}

/** No score is below this, so that float32 holds what is made of it; where g overflows it has gone down to there: -2^120. */
const LEAST_SCORE = -(2 ** 120);

/** g of a batch, `[B]`; runs in a tidy. */
export function scoresOf({ features, weights, bias, slope, box }: Discriminator, x: tf.Tensor): tf.Tensor1D {
  const phi = applied(features, [x]) as tf.Tensor2D;
  const inside = tf.dot(phi, tf.tensor1d(weights)) as tf.Tensor1D;
  const most = tf.sub(bias, tf.mul(slope, distanceToBox(x, box)));
  return heldScores(tf.add(inside, most));
}

/** Scores that have overflowed, to -Infinity or in sums of both signs to NaN, taken for the least there is. */
function heldScores(g: tf.Tensor1D): tf.Tensor1D {
  return tf.customGrad<tf.Tensor1D>((...inputs) => {
    const [value] = inputs as [tf.Tensor1D];
    const least = tf.fill(value.shape, LEAST_SCORE) as tf.Tensor1D;
    return { value: tf.where(tf.greater(value, least), value, least) as tf.Tensor1D, gradFunc: (dy) => dy };
  })(g);
}

/** The distance to the box in the sum of absolute values, `[B]`. */
function distanceToBox(x: tf.Tensor, [low, high]: readonly [number, number]): tf.Tensor1D {
  const flat = tf.reshape(x, [x.shape[0]!, -1]);
  const beyond = tf.add(tf.relu(tf.sub(flat, high)), tf.relu(tf.sub(low, flat)));
  return tf.sum<tf.Tensor1D>(beyond, 1);
}

/** The logarithm of the logistic function, `-log(1 + exp(-g))`. */
export function logSigmoid(g: tf.Tensor1D): tf.Tensor1D {
  return tf.neg(tf.logSumExp(tf.stack([tf.zerosLike(g), tf.neg(g)], 1), 1) as tf.Tensor1D);
}

/** Far more than what float64 loses in these sums. */
const ROUNDING = 1e-9;

/** An upper bound on g, as float32 computes it, over a box or a ball of inputs; `net` are the features. */
export function* scoreBound(
  net: PiecewiseAffine,
  { weights, bias, slope, box: [low, high] }: Discriminator,
  box: Domain,
  method: BoundMethod,
): Pausing<number> {
  const known = yield* linearBounds(net, box, method === 'crown');
  const form = Array.from(weights, (factor, entry) => ({ entry, factor }));
  const [carried] = yield* formBounds(net, known, [form], { on: net.output });
  const [direct] = yield* formBounds(net, known, [form], { on: net.output, to: net.output });
  const errors = yield* float32Errors(net, known.bounds);
  const sizes = magnitudes(known.bounds[net.output]!);
  const distance = box.lower.reduce((sum, value, j) => sum + Math.max(0, value - high, low - box.upper[j]!), 0);
  // What is summed up for g, and what the features' own errors make of it.
  let summed = Math.abs(bias) + slope * distance;
  let inherited = 0;
  for (const [i, weight] of weights.entries()) {
    summed += Math.abs(weight) * (sizes[i]! + errors[i]!);
    inherited += Math.abs(weight) * errors[i]!;
  }
  const unit = roundoff(weights.length + 2 * net.inputSize + 4);
  const most = Math.min(carried!, direct!) + bias - slope * distance;
  const bound = most + inherited + (unit + ROUNDING) * (summed + Math.abs(most));
  return Math.min(Number.isNaN(bound) ? Number.POSITIVE_INFINITY : bound, largestScore(bias));
}

/** What g never exceeds anywhere: its bias, rounding counted. */
export function largestScore(bias: number): number {
  return bias + roundoff(4) * Math.abs(bias);
}
