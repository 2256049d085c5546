import * as tf from '@tensorflow/tfjs-core';
import type { Box } from '../core/float32Box';

/** Maps each image's smallest value to `low` and its largest to `high`; an image of one value stays as it is. */
export function stretch(images: tf.Tensor, [low, high]: Box): tf.Tensor {
  return tf.tidy(() => {
    const flat = tf.reshape(tf.cast(images, 'float32'), [images.shape[0]!, -1]);
    const smallest = tf.min(flat, 1, true);
    const range = tf.sub(tf.max(flat, 1, true), smallest);
    const constant = tf.cast(tf.equal(range, 0), 'float32');
    const varies = tf.sub(1, constant);
    // (x - smallest) / (range / (high - low)) + low; for a constant image (x - 0) / 1 + 0.
    const shifted = tf.sub(flat, tf.mul(smallest, varies));
    const scaled = tf.div(shifted, tf.add(tf.div(range, high - low), constant));
    const placed = low === 0 ? scaled : tf.add(scaled, tf.mul(varies, low));
    return tf.reshape(tf.clipByValue(placed, low, high), images.shape);
  });
}
