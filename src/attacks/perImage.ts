import * as tf from '@tensorflow/tfjs-core';

/** Numbers `[B]` in a shape that broadcasts against images of the given rank: `[B, 1, ..., 1]`. */
export function broadcastable<T extends tf.Tensor>(perImage: T, rank: number): tf.Tensor {
  return tf.reshape(perImage, [perImage.shape[0]!, ...new Array<number>(rank - 1).fill(1)]);
}

/** For each image the one from `a` where `condition` (`[B]`, bool) holds, else the one from `b`; as rows, for webgl selects up to rank 4. */
export function select(condition: tf.Tensor, a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return tf.reshape(tf.where(broadcastable(condition, 2), rows(a), rows(b)), a.shape);
}

/** Images as rows `[B, d]`, to reduce over everything but the batch. */
export function rows(images: tf.Tensor): tf.Tensor2D {
  return tf.reshape(images, [images.shape[0]!, -1]);
}
