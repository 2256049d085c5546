import * as tf from '@tensorflow/tfjs-core';
import type { DataLike } from '../classifier/labelledData';
import type { Classifier, LabelledData, ModelLike } from '../classifier/types';
import { resolveRng } from '../core/resolveRng';
import { lossesOf } from '../losses/headLosses';
import { paperNoise, samplerFor } from '../noise/paperNoise';
import { applyStep } from './applyStep';
import { objectiveGradients } from './objectiveGradients';
import { CEDA_KEYS, checkNoise, prepare } from './prepare';
import type { CedaOptions, GradientsResult, StepResult } from './types';

/**
 * One update of CEDA, confidence enhancing data augmentation: low confidence on noise (equation (1) of arXiv 1812.05720).
 *
 * The objective is that of {@link cedaGradients}. Without `rng`, the random stream of a step is named by the seed and the
 * number of updates the optimizer has made, so one `seed` serves a whole training and no two steps see the same numbers.
 *
 * @param model - A model with trainable variables; they are updated in place.
 * @param optimizer - Any tfjs optimizer.
 * @param batch - `x` (or `xs`): `[B, ...inputShape]` inside the bounds; `y` (or `ys`): class indices `[B]` or one-hot rows `[B, K]`.
 * @returns What the step saw before its update, as scalars that the caller disposes.
 * @throws OverconfidenceError as {@link cedaGradients}; `INVALID_ARGUMENT` for an optimizer that remembers other variables.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-layers';
 * import { dispose, tensor1d, tensor2d, train } from '@tensorflow/tfjs-core';
 * import { cedaStep } from 'relu-overconfidence';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 3 })] });
 * const batch = { x: tensor2d([[0.1, 0.9], [0.8, 0.3]]), y: tensor1d([0, 2], 'int32') };
 * const optimizer = train.adam(0.01);
 * for (let step = 0; step < 10; step++) dispose(cedaStep(model, optimizer, batch, { seed: 1, lambda: 1 }));
 * ```
 */
export function cedaStep(
  model: ModelLike,
  optimizer: tf.Optimizer,
  batch: DataLike,
  options: CedaOptions = {},
): StepResult {
  return applyStep('cedaStep', cedaGradientsOf, CEDA_KEYS, { model, optimizer, batch, options });
}

/**
 * Gradients of CEDA, confidence enhancing data augmentation, without the update: equation (1) of arXiv 1812.05720,
 *
 *     mean_i CE(f(x_i), y_i) + lambda * mean_j L_pout(f(z_j)),   z_j ~ p_out,
 *
 * divided by 1 + lambda, plus weight decay. With lambda = 1 and as many noise samples as clean ones this is the sum over
 * both halves divided by their number, as in the paper's experiments; drawing ceil(lambda * B) samples instead of weighting
 * them, the paper's sampling view, gives the same expectation.
 *
 * The noise is drawn from the clean batch, put in front of it, and both go through the network together in training mode,
 * so batch-norm statistics come from both.
 *
 * @param model - A model with trainable variables.
 * @param batch - `x` (or `xs`): `[B, ...inputShape]` inside the bounds; `y` (or `ys`): class indices `[B]` or one-hot rows `[B, K]`.
 * @returns Scalars and gradients; the caller disposes all of them.
 * @throws OverconfidenceError as {@link plainGradients}, and `INVALID_OPTION` for `lambda`; `INVALID_SHAPE`, `NON_FINITE`
 *   or `OUT_OF_BOUNDS` if the sampler's noise is not a valid batch.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-layers';
 * import { tensor1d, tensor2d } from '@tensorflow/tfjs-core';
 * import { cedaGradients } from 'relu-overconfidence';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 3 })] });
 * const batch = { x: tensor2d([[0.1, 0.9], [0.8, 0.3]]), y: tensor1d([0, 2], 'int32') };
 * const { outConfidence } = cedaGradients(model, batch, { lambda: 0.5, seed: 1 });
 * console.log(await outConfidence.data());
 * ```
 */
export function cedaGradients(model: ModelLike, batch: DataLike, options: CedaOptions = {}): GradientsResult {
  const { net, clean } = prepare('cedaGradients', CEDA_KEYS, model, batch, options);
  return cedaGradientsOf('cedaGradients', net, clean, options);
}

/** The same on checked arguments. */
export function cedaGradientsOf(
  fn: string,
  net: Classifier,
  clean: LabelledData,
  options: CedaOptions,
): GradientsResult {
  const { lambda = 1, weightDecay = 5e-4, classWeights, outLoss = lossesOf(net).logConfidence } = options;
  const rng = resolveRng(options);
  const noise = drawNoise(fn, net, clean.x, { ...options, rng });
  try {
    return objectiveGradients(fn, net, { clean, noise, lambda, weightDecay, classWeights, outLoss, rng });
  } finally {
    tf.dispose(noise);
  }
}

/** Out-distribution samples for a clean batch, checked; the caller owns them. */
export function drawNoise(fn: string, net: Classifier, x: tf.Tensor, options: CedaOptions): tf.Tensor {
  const rng = resolveRng(options);
  return tf.tidy(() => {
    const noise = samplerFor(options.noise ?? paperNoise, net)(x, rng);
    checkNoise(fn, net, noise);
    return noise === x ? tf.clone(noise) : noise;
  });
}
