import type * as tf from '@tensorflow/tfjs-core';
import type { Classifier } from '../classifier/types';
import { refuse, type Where } from '../core/check';
import { checkBatch, checkInBounds } from '../core/checkTensor';

/** A batch of images that the classifier takes: float32, of its input shape, inside its bounds. */
export function checkImageSet(where: Where, images: tf.Tensor, net: Classifier): void {
  checkBatch(where, images, net.inputShape);
  if (images.dtype !== 'float32')
    refuse(where, 'INVALID_ARGUMENT', 'a float32 tensor', images.dtype, "Convert it with tf.cast(x, 'float32').");
  checkInBounds(where, images, net.bounds);
}

/** The same for images that a caller's function made, of which there must be one for each that it was given. */
export function checkMade(where: Where, images: tf.Tensor, net: Classifier, count: number): void {
  checkImageSet(where, images, net);
  if (images.shape[0] !== count)
    refuse(
      where,
      'INVALID_SHAPE',
      `a function that returns as many images as it is given (${count})`,
      `a result of shape [${images.shape.join(', ')}]`,
      'Return a batch of the shape that came in.',
    );
}
