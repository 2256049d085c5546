import type * as tf from '@tensorflow/tfjs-core';
import { refuse, show } from '../core/check';
import { checkRank } from '../core/checkTensor';

/** A non-empty numeric batch of images `[B, H, W, C]` or `[B, H, W]` or, where `ranks` has 2, of vectors `[B, D]`; values are not read. */
export function checkImages(fn: string, images: unknown, ranks: readonly number[]): asserts images is tf.Tensor {
  const where = { fn, argument: 'images' };
  checkRank(where, images, ranks);
  if (images.dtype !== 'float32' && images.dtype !== 'int32')
    refuse(where, 'INVALID_ARGUMENT', 'a float32 or int32 tensor', images.dtype, 'Cast it with tf.cast first.');
  if (images.size === 0)
    refuse(where, 'EMPTY_INPUT', 'at least one value', show(images.shape), 'Pass a batch with one row or more.');
}
