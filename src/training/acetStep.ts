import * as tf from '@tensorflow/tfjs-core';
import { pgdLinf } from '../attacks/pgdLinf';
import type { PgdOptions } from '../attacks/types';
import type { DataLike } from '../classifier/labelledData';
import type { Classifier, LabelledData, ModelLike } from '../classifier/types';
import { resolveRng } from '../core/resolveRng';
import { lossesOf } from '../losses/headLosses';
import { applyStep } from './applyStep';
import { drawNoise } from './cedaStep';
import { objectiveGradients } from './objectiveGradients';
import { ACET_KEYS, prepare } from './prepare';
import type { AcetOptions, GradientsResult, StepResult } from './types';

/**
 * One update of ACET, adversarial confidence enhancing training: low confidence on the worst point near noise (equation (2) of arXiv 1812.05720).
 *
 * The objective is that of {@link acetGradients}. Without `rng`, the random stream of a step is named by the seed and the
 * number of updates the optimizer has made, so one `seed` serves a whole training and no two steps see the same numbers.
 *
 * @param model - A model with trainable variables; they are updated in place.
 * @param optimizer - Any tfjs optimizer.
 * @param batch - `x` (or `xs`): `[B, ...inputShape]` inside the bounds; `y` (or `ys`): class indices `[B]` or one-hot rows `[B, K]`.
 * @returns What the step saw before its update, as scalars that the caller disposes.
 * @throws OverconfidenceError as {@link acetGradients}; `INVALID_ARGUMENT` for an optimizer that remembers other variables.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-layers';
 * import { dispose, tensor1d, tensor2d, train } from '@tensorflow/tfjs-core';
 * import { acetStep } from 'relu-overconfidence';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 3 })] });
 * const batch = { x: tensor2d([[0.1, 0.9], [0.8, 0.3]]), y: tensor1d([0, 2], 'int32') };
 * const optimizer = train.adam(0.01);
 * for (let step = 0; step < 10; step++) dispose(acetStep(model, optimizer, batch, { seed: 1, epsilon: 0.1, steps: 5 }));
 * ```
 */
export function acetStep(
  model: ModelLike,
  optimizer: tf.Optimizer,
  batch: DataLike,
  options: AcetOptions = {},
): StepResult {
  return applyStep('acetStep', acetGradientsOf, ACET_KEYS, { model, optimizer, batch, options });
}

/**
 * Gradients of ACET, adversarial confidence enhancing training, without the update: equation (2) of arXiv 1812.05720,
 *
 *     mean_i CE(f(x_i), y_i) + lambda * mean_j max_{|u - z_j|_inf <= epsilon} L_pout(f(u)),   z_j ~ p_out,
 *
 * divided by 1 + lambda (see {@link cedaGradients}), plus weight decay. The inner maximum is found by the attack, which runs
 * before the gradient, in inference mode, and leaves batch-norm statistics alone.
 *
 * @param model - A model with trainable variables.
 * @param batch - `x` (or `xs`): `[B, ...inputShape]` inside the bounds; `y` (or `ys`): class indices `[B]` or one-hot rows `[B, K]`.
 * @returns Scalars and gradients; the caller disposes all of them.
 * @throws OverconfidenceError as {@link cedaGradients}, and `INVALID_OPTION` for `epsilon`, `steps` or `stepSize`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-layers';
 * import { tensor1d, tensor2d } from '@tensorflow/tfjs-core';
 * import { acetGradients } from 'relu-overconfidence';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 3 })] });
 * const batch = { x: tensor2d([[0.1, 0.9], [0.8, 0.3]]), y: tensor1d([0, 2], 'int32') };
 * const { outConfidence } = acetGradients(model, batch, { epsilon: 0.1, steps: 5, seed: 1 });
 * console.log(await outConfidence.data());
 * ```
 */
export function acetGradients(model: ModelLike, batch: DataLike, options: AcetOptions = {}): GradientsResult {
  const { net, clean } = prepare('acetGradients', ACET_KEYS, model, batch, options);
  return acetGradientsOf('acetGradients', net, clean, options);
}

/** The same on checked arguments. */
export function acetGradientsOf(
  fn: string,
  net: Classifier,
  clean: LabelledData,
  options: AcetOptions,
): GradientsResult {
  const {
    lambda = 1,
    weightDecay = 5e-4,
    classWeights,
    outLoss = lossesOf(net).logConfidence,
    attack = pgdLinf,
  } = options;
  const rng = resolveRng(options);
  const noise = tf.tidy(() => {
    const start = drawNoise(fn, net, clean.x, { ...options, rng });
    return attack(net, start, { ...attackSettings(options), rng }).adversarial;
  });
  try {
    return objectiveGradients(fn, net, { clean, noise, lambda, weightDecay, classWeights, outLoss, rng });
  } finally {
    tf.dispose(noise);
  }
}

/** Those settings of the attack that were given, so that its own defaults hold for the others. */
export function attackSettings({ epsilon, steps, stepSize }: AcetOptions): PgdOptions {
  return {
    ...(epsilon !== undefined && { epsilon }),
    ...(steps !== undefined && { steps }),
    ...(stepSize !== undefined && { stepSize }),
  };
}
