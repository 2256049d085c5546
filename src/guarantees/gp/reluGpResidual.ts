import type * as tf from '@tensorflow/tfjs-core';
import { readLogits } from '../../classifier/readLogits';
import type { Classifier, ModelLike } from '../../classifier/types';
import { checkTensor } from '../../core/checkTensor';
import { type GrowthOptions, growthOf } from '../growth/growthOf';
import type { GuaranteedClassifier } from '../types';
import { type CalibrationOptions, calibrate } from '../wrapper/calibrate';
import { cooledClassifier } from '../wrapper/cooledClassifier';
import { displacementsOf, readPoints } from '../wrapper/readPoints';
import { type InputOptions, type SavedInputs, wrappedNet } from '../wrapper/wrappedNet';
import { cubicCooling, cubicVariance } from './cubicCooling';

/** Options of {@link reluGpResidual}. */
export interface ReluGpResidualOptions extends CalibrationOptions, GrowthOptions, InputOptions {}

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
 * grows like r^1.5 while the logits of a ReLU network grow like r. See the guide to guarantees.
 *
 * sigma^2 is the largest with which the mean confidence on the data falls by no more than `tolerance`. Predicted classes
 * stay as they were. The guarantee is about the weights as they were at the call; wrap again after training.
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
  x: tf.Tensor,
  { tolerance = 0.01, ...options }: ReluGpResidualOptions = {},
): Promise<ReluGpResidual> {
  checkTensor({ fn, argument: 'x' }, x);
  const net = wrappedNet(model, { ...options, inputShape: x.shape.slice(1) });
  const points = await readPoints({ fn, argument: 'x' }, x, net.inputShape);
  const { centre, displacements } = displacementsOf(points);
  const logits = await readLogits(fn, net, x, {});
  const variances = displacements.map(cubicVariance);
  const temperature = (sigmaSquared: number, i: number) => Math.sqrt(1 + (Math.PI / 8) * sigmaSquared * variances[i]!);
  const sigmaSquared = calibrate({ fn, logits, tolerance, temperature });
  return assemble(model, net, centre, sigmaSquared, options);
}

/** The wrapper that was saved, on its model. */
export function restoreReluGp(model: ModelLike, saved: SavedReluGpResidual): Promise<ReluGpResidual> {
  return assemble(model, wrappedNet(model, saved), Float64Array.from(saved.centre), saved.sigmaSquared, saved);
}

async function assemble(
  model: ModelLike,
  net: Classifier,
  centre: Float64Array,
  sigmaSquared: number,
  { lipschitz }: GrowthOptions,
): Promise<ReluGpResidual> {
  const given = lipschitz === undefined ? {} : { lipschitz };
  const growth = await growthOf(fn, model, net, centre, given);
  const save = (): SavedReluGpResidual => ({
    method: 'reluGpResidual',
    inputShape: net.inputShape,
    bounds: net.bounds,
    centre: Array.from(centre),
    sigmaSquared,
    ...given,
  });
  return Object.assign(cooledClassifier(net, centre, growth, cubicCooling(sigmaSquared, centre.length)), {
    sigmaSquared,
    save,
  });
}
