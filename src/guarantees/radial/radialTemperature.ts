import type * as tf from '@tensorflow/tfjs-core';
import { readLogits } from '../../classifier/readLogits';
import type { Classifier, ModelLike } from '../../classifier/types';
import { checkTensor } from '../../core/checkTensor';
import { type GrowthOptions, growthOf } from '../growth/growthOf';
import { lengthOf } from '../growth/networkGrowth';
import type { GuaranteedClassifier } from '../types';
import { type CalibrationOptions, calibrate } from '../wrapper/calibrate';
import { cooledClassifier } from '../wrapper/cooledClassifier';
import { displacementsOf, readPoints } from '../wrapper/readPoints';
import { type InputOptions, type SavedInputs, wrappedNet } from '../wrapper/wrappedNet';
import { radialCooling } from './radialCooling';

/** Options of {@link radialTemperature}. */
export interface RadialTemperatureOptions extends CalibrationOptions, GrowthOptions, InputOptions {}

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
 * confidence go to 1/K far away: `f(x) / (1 + beta |x - c|^2)`, c being the mean of the data.
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
 * @param model - A LayersModel that `toPiecewiseAffine` can read, or any model with `lipschitz`.
 * @param x - Training inputs `[n, ...inputShape]`, float32, finite. Stays the caller's.
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
  x: tf.Tensor,
  { tolerance = 0.01, ...options }: RadialTemperatureOptions = {},
): Promise<RadialTemperature> {
  checkTensor({ fn, argument: 'x' }, x);
  const net = wrappedNet(model, { ...options, inputShape: x.shape.slice(1) });
  const points = await readPoints({ fn, argument: 'x' }, x, net.inputShape);
  const { centre, displacements } = displacementsOf(points);
  const squares = displacements.map((displacement) => lengthOf(displacement) ** 2);
  const logits = await readLogits(fn, net, x, {});
  const temperature = (beta: number, i: number) => 1 + beta * squares[i]!;
  const beta = calibrate({ fn, logits, tolerance, temperature });
  return assemble(model, net, centre, beta, options);
}

/** The wrapper that was saved, on its model. */
export function restoreRadial(model: ModelLike, saved: SavedRadialTemperature): Promise<RadialTemperature> {
  return assemble(model, wrappedNet(model, saved), Float64Array.from(saved.centre), saved.beta, saved);
}

async function assemble(
  model: ModelLike,
  net: Classifier,
  centre: Float64Array,
  beta: number,
  { lipschitz }: GrowthOptions,
): Promise<RadialTemperature> {
  const given = lipschitz === undefined ? {} : { lipschitz };
  const growth = await growthOf(fn, model, net, centre, given);
  const save = (): SavedRadialTemperature => ({
    method: 'radialTemperature',
    inputShape: net.inputShape,
    bounds: net.bounds,
    centre: Array.from(centre),
    beta,
    ...given,
  });
  return Object.assign(cooledClassifier(net, centre, growth, radialCooling(beta)), { beta, save });
}
