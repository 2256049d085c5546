import * as tf from '@tensorflow/tfjs-core';

/** No logit of a wrapped model is taken for larger than this, so that float32 holds the difference of any two. */
const LARGEST = 2 ** 125;

/**
 * Logits less the largest of their row: the same probabilities, and 0 for the predicted class. A difference of two float32
 * numbers is rounded relative to itself, so whatever the logits are divided by after this is rounded relative to their
 * differences, and not to what all classes have in common.
 */
export function belowLargest(logits: tf.Tensor2D): tf.Tensor2D {
  const held = tf.clipByValue(logits, -LARGEST, LARGEST);
  return tf.sub(held, tf.max(held, 1, true));
}

/**
 * Logits of a model that may have overflowed, made finite: infinite ones as large as float32 can compare, NaN as 0. Only for
 * wrappers whose guarantee holds whatever the model says.
 */
export function withoutOverflow(logits: tf.Tensor2D): tf.Tensor2D {
  return tf.customGrad<tf.Tensor2D>((...inputs) => {
    const [value] = inputs as [tf.Tensor2D];
    const held = tf.clipByValue(value, -LARGEST, LARGEST);
    return { value: tf.where(tf.equal(held, held), held, tf.zerosLike(held)), gradFunc: (dy) => dy };
  })(logits);
}

/** What is made of a tensor, as a constant: no gradient goes through. */
export function frozen(x: tf.Tensor, make: (x: tf.Tensor) => tf.Tensor): tf.Tensor {
  return tf.customGrad((...inputs) => {
    const [value] = inputs as [tf.Tensor];
    return { value: make(value), gradFunc: () => tf.zeros(value.shape) };
  })(x);
}
