import type { Optimizer } from '@tensorflow/tfjs-core';
import type { LabelledData, ModelLike } from '../classifier/types';
import { acetGradientsOf } from './acetGradients';
import { applyStep } from './applyStep';
import type { AcetOptions, StepResult } from './types';

/**
 * One update of ACET, adversarial confidence enhancing training: low confidence on the worst point near noise (equation (2) of arXiv 1812.05720).
 *
 * The objective is that of {@link acetGradients}. Without `rng`, the random stream of a step is named by the seed and the
 * number of updates the optimizer has made, so one `seed` serves a whole training and no two steps see the same numbers.
 *
 * @param model - A model with trainable variables; they are updated in place.
 * @param optimizer - Any tfjs optimizer.
 * @param batch - `x`: `[B, ...inputShape]` inside the bounds; `y`: class indices `[B]` or one-hot rows `[B, K]`.
 * @returns What the step saw before its update, as scalars that the caller disposes.
 * @throws OverconfidenceError as {@link acetGradients}.
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
  optimizer: Optimizer,
  batch: LabelledData,
  options: AcetOptions = {},
): StepResult {
  return applyStep('acetStep', acetGradientsOf, { model, optimizer, batch, options });
}
