import * as tf from '@tensorflow/tfjs-core';

/** What tfjs says of a batch normalisation beside its inputs. */
export interface BatchNormAttrs extends tf.NamedAttrMap {
  readonly varianceEpsilon: number;
}

/** The gradients of `(x - mean) / sqrt(variance + epsilon) * scale + offset`, where each of those beside x is broadcast by itself. */
export function batchNorm(
  dy: tf.Tensor,
  saved: tf.Tensor[],
  { varianceEpsilon }: BatchNormAttrs,
): Record<string, () => tf.Tensor> {
  const [x, mean, variance, scale, offset] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  const summed = (terms: tf.Tensor, { shape }: tf.Tensor) => {
    const broadcast = terms.shape.map((_, axis) => (shape[axis - terms.rank + shape.length] ?? 1) === 1);
    const axes = broadcast.flatMap((is, axis) => (is ? [axis] : []));
    return tf.reshape(tf.sum(terms, axes), shape);
  };
  const inverse = () => tf.rsqrt(tf.add(variance, varianceEpsilon));
  const centred = () => tf.mul(dy, tf.sub(x, mean));
  return {
    x: () => tf.mul(dy, tf.mul(scale, inverse())),
    mean: () => tf.neg(summed(tf.mul(dy, tf.mul(scale, inverse())), mean)),
    variance: () => summed(tf.mul(centred(), tf.mul(-0.5, tf.mul(scale, tf.pow(inverse(), 3)))), variance),
    scale: () => summed(tf.mul(centred(), inverse()), scale),
    offset: () => summed(dy, offset),
  };
}
