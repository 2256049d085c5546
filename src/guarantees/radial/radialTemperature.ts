import * as tf from '@tensorflow/tfjs-core';
import type { ModelLike } from '../../classifier/types';
import type { GrowthOptions } from '../growth/logitGrowth';
import { lengthOf } from '../growth/networkGrowth';
import type { GuaranteedClassifier } from '../types';
import { type Cooled, type Cooling, cooledClassifier, heldFactor, scaledBy } from '../wrapper/cooledClassifier';
import { type CoolingOptions, cooledOf, fitCooled, savedInputs } from '../wrapper/fitCooled';
import type { TrainingInputs } from '../wrapper/inputs';
import { type SavedInputs, wrappedNet } from '../wrapper/wrappedNet';

/** Options of {@link radialTemperature}. */
export interface RadialTemperatureOptions extends CoolingOptions {}

/** What makes a {@link RadialTemperature} of a model: plain data, for JSON. */
export interface SavedRadialTemperature extends SavedInputs, GrowthOptions {
  /** Which wrapper this is. */
  readonly method: 'radialTemperature';
  /** The centre c, flat. */
  readonly centre: readonly number[];
  /** How fast the temperature grows. */
  readonly beta: number;
}

/** What {@link radialTemperature} returns. */
export interface RadialTemperature extends GuaranteedClassifier {
  /** How fast the temperature `1 + beta |x - c|^2` grows, per squared input unit. */
  readonly beta: number;
  /** Plain data from which {@link restoreGuarantee} makes the same classifier on the same model. */
  save(): SavedRadialTemperature;
}

const fn = 'radialTemperature';

/**
 * Divides the logits of a model by a temperature that grows with the squared distance from the data, which makes every
 * confidence go to 1/K far away: `(f(x) - max f(x)) / (1 + beta |x - c|^2)`, c being the mean of the data. The largest logit is
 * taken off first, which changes no probability and keeps rounding relative to the differences of logits.
 *
 * The logits of a ReLU network grow no faster than the distance, so at a distance r from c their range is at most
 * `(a + b r) / (1 + beta r^2)`, with a the range at c and b a Lipschitz constant of differences of logits, a product over
 * the layers of safe upper bounds on their norms. Float32 rounding is counted in both. See the guide to guarantees.
 *
 * beta is the largest with which the mean confidence on the data falls by no more than `tolerance`. Dividing logits by a
 * number changes no predicted class, so the accuracy stays exactly as it was.
 *
 * The guarantee is about the weights as they were at the call; wrap again after training. Every gradient goes through.
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
 * import { radialTemperature } from 'relu-overconfidence/guarantees';
 * import { mlp } from 'relu-overconfidence/models';
 *
 * const model = mlp({ inputShape: [2], hidden: [16, 16], classes: 2, seed: 1 });
 * const safe = await radialTemperature(model, uniformNoise([100, 2], { seed: 1 }));
 * const radius = safe.farAwayRadius(0.01); // beyond it no confidence is above 0.51
 * const [confidence] = await confidences(safe, tf.tensor2d([[2 * radius, 0]]));
 * console.log(confidence! <= 0.51); // true
 * ```
 */
export async function radialTemperature(
  model: ModelLike,
  data: TrainingInputs,
  options: RadialTemperatureOptions = {},
): Promise<RadialTemperature> {
  const { cooled, strength } = await fitCooled(family, model, data, options);
  return assemble(cooled, strength, options);
}

/** The wrapper that was saved, on its model. */
export async function restoreRadial(model: ModelLike, saved: SavedRadialTemperature): Promise<RadialTemperature> {
  const net = wrappedNet(fn, model, saved);
  return assemble(await cooledOf(fn, model, net, Float64Array.from(saved.centre), saved), saved.beta, saved);
}

const family = {
  fn,
  root: 2,
  size: (displacement: Float64Array) => lengthOf(displacement) ** 2,
  temperature: (beta: number, squared: number) => 1 + beta * squared,
};

function assemble(cooled: Cooled, beta: number, given: GrowthOptions): RadialTemperature {
  const save = (): SavedRadialTemperature => ({ method: fn, ...savedInputs(cooled, given), beta });
  return Object.assign(cooledClassifier(cooled, radialCooling(beta)), { beta, save });
}

/** `T(x) = 1 + beta |x - c|^2`. */
function radialCooling(beta: number): Cooling {
  const root = heldFactor(Math.sqrt(beta));
  const at = (distance: number) => 1 + (root * distance) ** 2;
  return {
    // With v = sqrt(beta) (x - c) / a: f / T = (f / a / a) / (1 / a^2 + |v|^2).
    divide(logits, displacement) {
      const { a, v } = scaledBy(root, displacement);
      const shrunk = tf.add(tf.square(tf.div(1, a)), tf.sum(tf.square(v), 1, true));
      return tf.div(tf.div(tf.div(logits, a), a), shrunk);
    },
    range(displacement, radius) {
      const distance = lengthOf(displacement);
      return { least: at(Math.max(0, distance - radius)), largest: at(distance + radius) };
    },
    least: at,
    leastSlope: (distance) => 2 * root * root * distance,
  };
}
