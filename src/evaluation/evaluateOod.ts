import type { ModelLike } from '../classifier/types';
import { evaluateWith } from './evaluateWith';
import type { OodOptions } from './oodOptions';
import type { OodReport } from './oodReport';
import { thisProcess } from './runner';

/**
 * Measures how well a classifier knows what it does not know: Table 1 of arXiv 1812.05720 for one model.
 *
 * Rows are, in this order, the in-distribution test set, out-distribution test sets, noise, adversarial noise (noise on
 * which an attack maximises the confidence by its own objective, {@link lpOut} for {@link pgdLinf}) and adversarial samples
 * (in-distribution images on which an attack maximises the cross entropy to the true class). An adversarial sample that is still classified correctly with a
 * confidence above 1.01 / K resisted the attack: it is counted in `resisted` and left out of all scores of the row.
 *
 * The score of an image is its confidence, the largest softmax probability, in float64. AUROC ranks by the log-odds of
 * the predicted class, which order images as confidences do but do not tie where those round to 1. FPR@95 is the paper's:
 * its threshold is the 5th percentile of the in-distribution confidences themselves, interpolated linearly.
 *
 * The paper attacks for 200 steps (adversarial noise) and 80 (adversarial samples), on MNIST with epsilon 0.3 and steps of
 * 0.0075; on its other data sets adversarial samples have `epsilon: 0.1` and steps of 0.0025. Those are the defaults, but
 * at most 1000 images are attacked unless `samples` says otherwise. One attack of one kind gives a lower bound of what
 * can be reached: restarts or another `attack` may find more.
 *
 * @param model - A model; see {@link classifier}. Attacks need gradients, so a GraphModel or function must be made of
 *   operations that have them.
 * @returns Plain data; {@link formatOodReport} prints it. No tensor is left behind, also after an error or an abort.
 * @throws OverconfidenceError, by rejecting the promise before any work: `INVALID_ARGUMENT`, `INVALID_SHAPE` or
 *   `EMPTY_INPUT` for images or labels of the wrong kind; `OUT_OF_BOUNDS` or `NON_FINITE` for their values (not checked on
 *   webgpu); `INVALID_LABELS`; `INVALID_OPTION` for settings out of range and names used twice;
 *   `GRADIENTS_NOT_REGISTERED`; later: `ABORTED`, and `NON_FINITE` for `model` if its logits are not finite.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { layers, sequential } from '@tensorflow/tfjs-layers';
 * import { evaluateOod, formatOodReport, paperNoise, uniformNoise } from 'relu-overconfidence';
 *
 * const model = sequential({ layers: [layers.dense({ inputShape: [4], units: 3 })] });
 * const report = await evaluateOod(model, {
 *   in: { x: uniformNoise([20, 4], { seed: 1 }), y: tf.zeros([20]) },
 *   out: { corner: tf.ones([10, 4]) },
 *   noise: { 'uniform noise': (images, rng) => uniformNoise(images.shape, { rng }), 'paper noise': paperNoise },
 *   adversarialNoise: { steps: 10 },
 *   adversarialSamples: { steps: 10 },
 * });
 * console.log(formatOodReport(report));
 * ```
 */
export async function evaluateOod(model: ModelLike, options: OodOptions): Promise<OodReport> {
  return evaluateWith(thisProcess, model, options);
}
