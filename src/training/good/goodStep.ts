import type { Optimizer } from '@tensorflow/tfjs-core';
import type { LabelledData, ModelLike } from '../../classifier/types';
import { applyStep } from '../applyStep';
import type { GoodOptions, StepResult } from '../types';
import { goodGradientsOf } from './goodGradients';

/**
 * One update of GOOD, guaranteed out-of-distribution detection: a low bound on the confidence in whole balls around noise
 * (Bitterwolf, Meinke and Hein, NeurIPS 2020).
 *
 * The objective is that of {@link goodGradients}, with epsilon and lambda as they are at this step. Without `rng`, the random stream
 * of a step is named by the seed and the number of updates the optimizer has made, so one `seed` serves a whole training and
 * no two steps see the same numbers.
 *
 * @param model - A LayersModel with trainable variables; they are updated in place.
 * @param optimizer - Any tfjs optimizer.
 * @param batch - `x`: `[B, ...inputShape]` inside the bounds; `y`: class indices `[B]` or one-hot rows `[B, K]`.
 * @returns What the step saw before its update, as scalars that the caller disposes.
 * @throws OverconfidenceError as {@link goodGradients}.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-layers';
 * import { dispose, tensor1d, tensor2d, train } from '@tensorflow/tfjs-core';
 * import { goodStep } from 'relu-overconfidence';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 3 })] });
 * const batch = { x: tensor2d([[0.1, 0.9], [0.8, 0.3]]), y: tensor1d([0, 2], 'int32') };
 * const optimizer = train.adam(0.01);
 * for (let step = 0; step < 10; step++) {
 *   const ramp = Math.min(1, step / 5); // epsilon and lambda rise over the first steps
 *   dispose(goodStep(model, optimizer, batch, { seed: 1, epsilon: 0.1 * ramp, lambda: ramp }));
 * }
 * ```
 */
export function goodStep(
  model: ModelLike,
  optimizer: Optimizer,
  batch: LabelledData,
  options: GoodOptions = {},
): StepResult {
  return applyStep('goodStep', goodGradientsOf, { model, optimizer, batch, options });
}
