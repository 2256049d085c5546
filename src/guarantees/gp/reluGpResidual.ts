import * as tf from '@tensorflow/tfjs-core';
import type { ModelLike } from '../../classifier/types';
import type { GrowthOptions } from '../growth/logitGrowth';
import type { GuaranteedClassifier } from '../types';
import { type Cooled, type Cooling, cooledClassifier, heldFactor, scaledBy } from '../wrapper/cooledClassifier';
import { type CoolingOptions, cooledOf, fitCooled, savedInputs } from '../wrapper/fitCooled';
import type { TrainingInputs } from '../wrapper/inputs';
import { type SavedInputs, wrappedNet } from '../wrapper/wrappedNet';

/** Options of {@link reluGpResidual}. */
export interface ReluGpResidualOptions extends CoolingOptions {}

/** What makes a {@link ReluGpResidual} of a model: plain data, for JSON. */
export interface SavedReluGpResidual extends SavedInputs, GrowthOptions {
  /** Which wrapper this is. */
  readonly method: 'reluGpResidual';
  /** The centre c, flat. */
  readonly centre: readonly number[];
  /** Variance of the weights of the process. */
  readonly sigmaSquared: number;
}

/** What {@link reluGpResidual} returns. */
export interface ReluGpResidual extends GuaranteedClassifier {
  /** Variance of the weights of the process, per cubed input unit. */
  readonly sigmaSquared: number;
  /** Plain data from which {@link restoreGuarantee} makes the same classifier on the same model. */
  save(): SavedReluGpResidual;
}

const fn = 'reluGpResidual';

/**
 * Adds to the logits of a model the uncertainty of a Gaussian process of infinitely many ReLU features, whose variance grows
 * like the cube of the distance from the data and so makes every confidence go to 1/K (Kristiadi, Hein and Hennig 2021).
 *
 * The process with the double-sided cubic spline kernel, averaged over the d entries of an input, has mean 0 and the variance
 * `v(x) = sigma^2 sum_i |x_i - c_i|^3 / (3 d)`, c being the mean of the data. It is 0 at c, so the mean prediction stays
 * that of the model; the probit approximation of the averaged softmax divides the logits by `sqrt(1 + pi/8 v(x))`, which
 * grows like r^1.5 while the logits of a ReLU network grow like r. The largest logit is taken off first, which changes no
 * probability and keeps rounding relative to the differences of logits. See the guide to guarantees.
 *
 * sigma^2 is the largest with which the mean confidence on the data falls by no more than `tolerance`. Predicted classes
 * stay as they were. The guarantee is about the weights as they were at the call; wrap again after training.
 *
 * @param model - A LayersModel that `toPiecewiseAffine` can read or a Classifier of one, or any model with `lipschitz`.
 * @param data - Training inputs `[n, ...inputShape]`, float32, finite, alone or as `{ x }`. Stays the caller's.
 * @throws OverconfidenceError `INVALID_SHAPE`, `EMPTY_INPUT` or `NON_FINITE` for `x`; `INVALID_OPTION` for `tolerance` or
 *   `lipschitz`; `UNSUPPORTED_MODEL` if the model does not show its layers and `lipschitz` is not given.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { confidences, uniformNoise } from 'relu-overconfidence';
 * import { reluGpResidual } from 'relu-overconfidence/guarantees';
 * import { mlp } from 'relu-overconfidence/models';
 *
 * const model = mlp({ inputShape: [2], hidden: [16, 16], classes: 2, seed: 1 });
 * const safe = await reluGpResidual(model, uniformNoise([100, 2], { seed: 1 }));
 * console.log(await confidences(safe, tf.tensor2d([[1e12, -1e12]]))); // Float64Array [ 0.500... ]
 * ```
 */
export async function reluGpResidual(
  model: ModelLike,
  data: TrainingInputs,
  options: ReluGpResidualOptions = {},
): Promise<ReluGpResidual> {
  const { cooled, strength } = await fitCooled(family, model, data, options);
  return assemble(cooled, strength, options);
}

/** The wrapper that was saved, on its model. */
export async function restoreReluGp(model: ModelLike, saved: SavedReluGpResidual): Promise<ReluGpResidual> {
  const net = wrappedNet(fn, model, saved);
  return assemble(await cooledOf(fn, model, net, Float64Array.from(saved.centre), saved), saved.sigmaSquared, saved);
}

/** The probit approximation divides logits by `sqrt(1 + pi / 8 variance)`. */
const PROBIT = Math.PI / 8;

const family = {
  fn,
  root: 3,
  /** The variance of the process at a displacement, for a weight variance of 1: `sum_i |x_i|^3 / (3 d)`. */
  size: (displacement: Float64Array) => cubes(displacement) / (3 * displacement.length),
  temperature: (sigmaSquared: number, variance: number) => Math.sqrt(1 + PROBIT * sigmaSquared * variance),
};

function assemble(cooled: Cooled, sigmaSquared: number, given: GrowthOptions): ReluGpResidual {
  const save = (): SavedReluGpResidual => ({ method: fn, ...savedInputs(cooled, given), sigmaSquared });
  const cooling = cubicCooling(sigmaSquared, cooled.centre.length);
  return Object.assign(cooledClassifier(cooled, cooling), { sigmaSquared, save });
}

/** `T(x) = sqrt(1 + pi/8 v(x))` with `v(x) = sigma^2 sum_i |x_i - c_i|^3 / (3 d)`, for d entries. */
function cubicCooling(sigmaSquared: number, size: number): Cooling {
  const root = heldFactor(Math.cbrt((PROBIT * sigmaSquared) / (3 * size)));
  const at = (length: number) => Math.sqrt(1 + (root * length) ** 3);
  // By the inequality of power means, sum_i |x_i|^3 >= |x|^3 / sqrt(d).
  const radial = root ** 3 / Math.sqrt(size);
  const least = (distance: number) => Math.sqrt(1 + radial * distance ** 3);
  return {
    // With v = r (x - c) / a and r^3 = pi/8 sigma^2 / (3 d): f / T = (f / a / sqrt(a)) / sqrt(1 / a^3 + sum_i |v_i|^3).
    divide(logits, displacement) {
      const { a, v } = scaledBy(root, displacement);
      const one = tf.div(tf.div(tf.div(1, a), a), a);
      const shrunk = tf.sqrt(tf.add(one, tf.sum(tf.mul(tf.square(v), tf.abs(v)), 1, true)));
      return tf.div(tf.div(tf.div(logits, a), tf.sqrt(a)), shrunk);
    },
    // |x - c|_3 changes by no more than the Euclidean distance, and its cube is the sum of cubes.
    range(displacement, radius) {
      const length = Math.cbrt(cubes(displacement));
      return { least: at(Math.max(0, length - radius)), largest: at(length + radius) };
    },
    least,
    leastSlope: (distance) => (1.5 * radial * distance * distance) / least(distance),
  };
}

function cubes(displacement: Float64Array): number {
  return displacement.reduce((sum, value) => sum + Math.abs(value) ** 3, 0);
}
