import * as tf from '@tensorflow/tfjs-core';
import { broadcastable, rows } from './perImage';

/**
 * Directions `[B, H, W, C]` after two moving averages over a quarter of the shorter side, scaled to a largest entry of 1
 * per image; zero stays zero.
 */
export function smoothDirection(direction: tf.Tensor): tf.Tensor {
  const [, height, width] = direction.shape as [number, number, number, number];
  const window = 1 + 2 * Math.floor(Math.min(height, width) / 8);
  const average = (images: tf.Tensor4D) => tf.avgPool(images, window, 1, 'same');
  const smooth = average(average(direction as tf.Tensor4D));
  const largest = tf.max(rows(tf.abs(smooth)), 1);
  return tf.divNoNan(smooth, broadcastable(largest, 4));
}
