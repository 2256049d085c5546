import type { Optimizer } from '@tensorflow/tfjs-core';
import type { DataLike } from '../classifier/labelledData';
import type { Classifier, LabelledData, ModelLike } from '../classifier/types';
import { resolveRng } from '../core/resolveRng';
import { lossesOf } from '../losses/headLosses';
import { applyStep } from './applyStep';
import { objectiveGradients } from './objectiveGradients';
import { PLAIN_KEYS, prepare } from './prepare';
import type { GradientsResult, PlainOptions, StepResult } from './types';

/**
 * One update of plain training: cross entropy plus weight decay.
 *
 * The objective is that of {@link plainGradients}. Without `rng`, the random stream of a step is named by the seed and the
 * number of updates the optimizer has made, so one `seed` serves a whole training and no two steps see the same numbers.
 *
 * @param model - A model with trainable variables; they are updated in place.
 * @param optimizer - Any tfjs optimizer.
 * @param batch - `x` (or `xs`): `[B, ...inputShape]` inside the bounds; `y` (or `ys`): class indices `[B]` or one-hot rows `[B, K]`.
 * @returns What the step saw before its update, as scalars that the caller disposes.
 * @throws OverconfidenceError as {@link plainGradients}; `INVALID_ARGUMENT` for an optimizer that remembers other variables.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-layers';
 * import { dispose, tensor1d, tensor2d, train } from '@tensorflow/tfjs-core';
 * import { plainStep } from 'relu-overconfidence';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 3 })] });
 * const batch = { x: tensor2d([[0.1, 0.9], [0.8, 0.3]]), y: tensor1d([0, 2], 'int32') };
 * const optimizer = train.adam(0.01);
 * for (let step = 0; step < 10; step++) dispose(plainStep(model, optimizer, batch, { seed: 1 }));
 * ```
 */
export function plainStep(
  model: ModelLike,
  optimizer: Optimizer,
  batch: DataLike,
  options: PlainOptions = {},
): StepResult {
  return applyStep('plainStep', plainGradientsOf, PLAIN_KEYS, { model, optimizer, batch, options });
}

/**
 * Gradients of plain training, mean cross entropy plus weight decay, without the update.
 *
 * The model runs in training mode: batch-norm statistics are updated, dropout masks are drawn from `rng`.
 *
 * @param model - A model with trainable variables.
 * @param batch - `x` (or `xs`): `[B, ...inputShape]` inside the bounds; `y` (or `ys`): class indices `[B]` or one-hot rows `[B, K]`.
 * @returns Scalars and gradients; the caller disposes all of them. `outLoss` and `outConfidence` are NaN.
 * @throws OverconfidenceError `INVALID_SHAPE`, `NON_FINITE`, `OUT_OF_BOUNDS` or `EMPTY_INPUT` for `x`; `INVALID_LABELS` or
 *   `INVALID_SHAPE` for `y`; `INVALID_OPTION` for `weightDecay`; `UNSUPPORTED_MODEL` without trainable variables;
 *   `GRADIENTS_NOT_REGISTERED` or `MISSING_KERNEL` if the environment cannot differentiate the model.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-layers';
 * import { tensor1d, tensor2d, train } from '@tensorflow/tfjs-core';
 * import { plainGradients } from 'relu-overconfidence';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 3 })] });
 * const batch = { x: tensor2d([[0.1, 0.9], [0.8, 0.3]]), y: tensor1d([0, 2], 'int32') };
 * const { grads } = plainGradients(model, batch);
 * train.sgd(0.1).applyGradients(grads);
 * ```
 */
export function plainGradients(model: ModelLike, batch: DataLike, options: PlainOptions = {}): GradientsResult {
  const { net, clean } = prepare('plainGradients', PLAIN_KEYS, model, batch, options);
  return plainGradientsOf('plainGradients', net, clean, options);
}

/** The same on checked arguments. */
export function plainGradientsOf(
  fn: string,
  net: Classifier,
  clean: LabelledData,
  options: PlainOptions,
): GradientsResult {
  const { weightDecay = 5e-4, classWeights } = options;
  return objectiveGradients(fn, net, {
    clean,
    lambda: 0,
    weightDecay,
    classWeights,
    outLoss: lossesOf(net).logConfidence,
    rng: resolveRng(options),
  });
}
