import * as tf from '@tensorflow/tfjs-core';
import { asClassifier } from '../classifier/asClassifier';
import { checkGradients } from '../classifier/differentiate';
import { openInference } from '../classifier/inference';
import type { ModelLike } from '../classifier/types';
import { boundsAt } from '../core/bounds';
import { checkKeys, checkNonNegative, checkPositive, checkWhole, type KeysOf } from '../core/check';
import { checkBatch, checkFinite } from '../core/checkTensor';
import { nextTask } from '../core/pausing';
import { follow, type ProgressOptions } from '../core/progress';
import { probabilities } from './scores/ofLogits';

/** How {@link odin} is to work. Progress is counted in images. */
export interface OdinOptions extends ProgressOptions {
  /** The temperature T > 0. @defaultValue 1000 */
  readonly temperature?: number;
  /** How far each value is moved, in input units. @defaultValue 0.0014 of the width of the bounds */
  readonly epsilon?: number;
  /** Images for each pass. @defaultValue 64 */
  readonly batchSize?: number;
}

const fn = 'odin';

const KEYS: KeysOf<OdinOptions> = { temperature: true, epsilon: true, batchSize: true, onProgress: true, signal: true };

/** The share of the width of the bounds that values are moved by, as in the paper. */
const SHARE = 0.0014;

/**
 * ODIN (Liang, Li and Srikant 2018, arXiv 1706.02690): the largest softmax probability at a temperature, `max_k softmax(f(x') / T)_k`, of an
 * image that was first moved to where that is larger, `x' = x + epsilon sign grad_x log max_k softmax(f(x) / T)_k`. It takes a
 * pass with its gradient and a second pass: about three times as long as a score of the logits.
 *
 * @param model - A model with gradients; see `classifier`.
 * @param x - Images `[B, ...inputShape]`, finite; they stay the caller's.
 * @returns One number in [1 / K, 1] for each image; higher means more in-distribution.
 * @throws OverconfidenceError `INVALID_SHAPE`, `EMPTY_INPUT`, `NON_FINITE`; `INVALID_OPTION`; `GRADIENTS_NOT_REGISTERED`; `ABORTED`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { odin } from 'relu-overconfidence/detectors';
 *
 * const model = (x: tf.Tensor) => tf.mul(x, tf.tensor1d([1, -1])) as tf.Tensor2D;
 * const [score] = await odin(model, tf.tensor2d([[0.5, 0.5]]), { temperature: 1, epsilon: 0.5 });
 * console.log(score!.toFixed(3)); // 1 / (1 + exp(-1)) before, 1 / (1 + exp(-2)) after: 0.881
 * ```
 */
export async function odin(model: ModelLike, x: tf.Tensor, options: OdinOptions = {}): Promise<Float64Array> {
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const { temperature = 1000, batchSize = 64, ...watching } = options;
  checkPositive({ fn, argument: 'temperature' }, temperature);
  checkWhole({ fn, argument: 'batchSize' }, batchSize);
  const net = asClassifier(fn, model, x);
  checkBatch({ fn, argument: 'x' }, x, net.inputShape);
  checkFinite({ fn, argument: 'x' }, x);
  const [low, high] = boundsAt(net.bounds, 0);
  const { epsilon = SHARE * (high - low) } = options;
  checkNonNegative({ fn, argument: 'epsilon' }, epsilon);
  checkGradients(fn);
  const { onProgress, signal } = watching;
  const count = x.shape[0]!;
  const tell = follow(fn, { ...(onProgress && { onProgress }), ...(signal && { signal }) }, count);
  const scores = new Float64Array(count);
  const pass = openInference(fn, net);
  const sureness = (z: tf.Tensor2D): tf.Tensor1D => tf.max(tf.logSoftmax(tf.div(z, temperature) as tf.Tensor2D), 1);
  try {
    for (let start = 0; start < count; start += batchSize) {
      const size = Math.min(batchSize, count - start);
      const logits = tf.tidy(() => {
        const part = tf.slice(x, start, size);
        const { gradient } = pass.valueAndGradient(sureness, part);
        return pass.logits(tf.add(part, tf.mul(epsilon, tf.sign(gradient))));
      });
      const values = await logits.data().finally(() => logits.dispose());
      for (let i = 0; i < size; i++) {
        const z = values.subarray(i * net.classes, (i + 1) * net.classes);
        scores[start + i] = Math.max(...probabilities(z, temperature));
      }
      tell(start + size, 'images');
      if (start + size < count) await nextTask();
    }
  } finally {
    pass.close();
  }
  return scores;
}
