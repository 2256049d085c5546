import type * as tf from '@tensorflow/tfjs-core';
import { refuse, show } from '../core/check';
import { checkRank } from '../core/checkTensor';

/**
 * A float32 batch of logits `[B, K]` with B >= 1 and K >= 2. Values are not read: losses run inside the loops of attacks
 * and of training, where waiting for the device would cost more than the loss itself.
 */
export function checkLogits(fn: string, logits: tf.Tensor): void {
  const where = { fn, argument: 'logits' };
  checkRank(where, logits, 2);
  const [batch, classes] = logits.shape as [number, number];
  if (batch === 0)
    refuse(where, 'EMPTY_INPUT', 'at least one example', `shape [0, ${classes}]`, 'Pass one row or more.');
  if (classes < 2)
    refuse(
      where,
      'INVALID_SHAPE',
      'of shape [B, K] with K >= 2',
      `shape [${logits.shape.join(', ')}]`,
      'Use two logits.',
    );
  if (logits.dtype !== 'float32')
    refuse(where, 'INVALID_ARGUMENT', 'a float32 tensor', show(logits.dtype), "Convert it with tf.cast(x, 'float32').");
}
