import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/**
 * A score that is high on the data and cannot be high far away:
 *
 *     g(x) = b - sum_i exp(w_i) phi_i(x) - slope * sum_j (max(x_j - high, 0) + max(low - x_j, 0)),
 *
 * with features phi >= 0 from a ReLU network. The second sum is zero inside the box `[low, high]`, and grows along every ray
 * that leaves it.
 */
export interface Discriminator {
  /** phi: `[B, ...inputShape]` to `[B, m]`, none of them negative. */
  readonly features: LayersModel;
  /** `-exp(w_i)`, float32. */
  readonly weights: Float32Array;
  /** b, float32. */
  readonly bias: number;
  /** How fast g falls outside the box, float32, >= 0. */
  readonly slope: number;
  readonly box: readonly [number, number];
}

/** g of a batch, `[B]`; runs in a tidy. */
export function scoresOf({ features, weights, bias, slope, box }: Discriminator, x: tf.Tensor): tf.Tensor1D {
  const phi = features.apply(x, { training: false }) as tf.Tensor2D;
  const inside = tf.dot(phi, tf.tensor1d(weights)) as tf.Tensor1D;
  const most = tf.sub(bias, tf.mul(slope, distanceToBox(x, box)));
  return tf.add(inside, most);
}

/** The distance to the box in the sum of absolute values, `[B]`. */
function distanceToBox(x: tf.Tensor, [low, high]: readonly [number, number]): tf.Tensor1D {
  const flat = tf.reshape(x, [x.shape[0]!, -1]);
  const beyond = tf.add(tf.relu(tf.sub(flat, high)), tf.relu(tf.sub(low, flat)));
  return tf.sum<tf.Tensor1D>(beyond, 1);
}
