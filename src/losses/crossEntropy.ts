import * as tf from '@tensorflow/tfjs-core';
import { checkLabels, oneHot } from '../core/labels';
import { checkLogits } from './checkLogits';
import { negativeLogProbability } from './negativeLogProbability';

/**
 * Cross entropy of each example: `-log softmax_y(z) = logsumexp(z) - z_y`, the first term of equation (1) of arXiv
 * 1812.05720. Its gradient with respect to the logits is `softmax - onehot(y)`.
 *
 * The labels are read once per call to check them (not on webgpu). Inside an attack use {@link crossEntropyTo}, which
 * checks before the loop begins.
 *
 * @param logits - `[B, K]`, float32. Only the shape is checked: NaN logits give a NaN loss.
 * @param labels - Class indices `[B]` (0, ..., K - 1, any dtype) or one-hot rows `[B, K]`.
 * @returns `[B]`, in nats, >= 0; the caller owns it.
 * @throws OverconfidenceError `INVALID_LABELS` if an index is out of range or not whole, or a row is not one-hot;
 *   `INVALID_SHAPE` if logits or labels have another shape; `EMPTY_INPUT` for no rows; `INVALID_ARGUMENT` if the logits
 *   are not a float32 tensor.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { crossEntropy } from 'relu-overconfidence';
 *
 * const loss = crossEntropy(tf.tensor2d([[0, 0], [3, 0]]), tf.tensor1d([1, 0], 'int32'));
 * console.log(await loss.data()); // [ 0.693..., 0.0485... ]
 * ```
 */
export function crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor): tf.Tensor1D {
  checkLogits('crossEntropy', logits);
  const [batch, classes] = logits.shape;
  checkLabels({ fn: 'crossEntropy', argument: 'labels' }, labels, classes, batch);
  return tf.tidy(() => negativeLogProbability(logits, oneHot(labels, classes)));
}
