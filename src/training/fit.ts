import * as tf from '@tensorflow/tfjs-core';
import { asClassifier } from '../classifier/asClassifier';
import type { LabelledData, ModelLike } from '../classifier/types';
import { checkFit } from './checkFit';
import type { FitOptions, History } from './fitTypes';
import { learningRate, setLearningRate } from './optimizerState';
import { runningMeans } from './runningMeans';
import { train } from './trainingLoop';

/**
 * Trains a model by plain training, CEDA or ACET, as the paper does, or by GOOD: shuffled batches, learning rate divided by 10 at
 * 50, 75 and 90 % of the epochs, weight decay, optional augmentation.
 *
 * All randomness (order, noise, attacks, augmentation, dropout) comes from `seed`, by epoch and step. With a `checkpoint`, a run
 * that was stopped anywhere goes on where it was and ends with the same weights, bit for bit on the same backend, as if it
 * had never stopped; calling `fit` again with the same arguments is all it takes. The event loop gets a turn after each step.
 *
 * @param model - A model with trainable variables; they are updated in place.
 * @param data - All training data: `x` `[N, ...inputShape]` inside the bounds, `y` class indices `[N]` or one-hot `[N, K]`.
 * @returns One record per epoch. The optimizer's learning rate is as it was before.
 * @throws OverconfidenceError as {@link acetGradients} and `INVALID_OPTION` for the loop's options, before any work;
 *   `INVALID_CHECKPOINT` for a damaged checkpoint or one of another run; `NON_FINITE` when the loss of an epoch is not
 *   finite; `ABORTED` by the signal, after a last checkpoint.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-layers';
 * import { tensor1d, tensor2d } from '@tensorflow/tfjs-core';
 * import { fit } from 'relu-overconfidence';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 2 })] });
 * const data = { x: tensor2d([[0.1, 0.9], [0.8, 0.3]]), y: tensor1d([0, 1], 'int32') };
 * const history = await fit(model, data, { method: 'ceda', epochs: 4, batchSize: 2, seed: 1 });
 * console.log(history.epochs.at(-1)?.inLoss);
 * ```
 */
export async function fit(model: ModelLike, data: LabelledData, options: FitOptions = {}): Promise<History> {
  const net = asClassifier('fit', model, data.x);
  const loop = checkFit(net, data, options);
  const optimizer = options.optimizer ?? tf.train.adam(1e-3);
  const baseRate = learningRate(optimizer);
  const means = runningMeans();
  try {
    return await train({ net, data, options, loop, optimizer, baseRate, means });
  } finally {
    tf.dispose(means.sums);
    setLearningRate(optimizer, baseRate);
    if (options.optimizer === undefined) optimizer.dispose();
  }
}
