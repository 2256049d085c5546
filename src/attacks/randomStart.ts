import * as tf from '@tensorflow/tfjs-core';
import type { Rng } from '../core/rng';
import { broadcastable, rows } from './perImage';
import type { AttackTask } from './prepareAttack';

/** The paper's start: z + u t with t ~ U(-epsilon, epsilon)^d and one u ~ U(0, 1) per image; not yet in the box. */
export function scaledUniformStart({ center, epsilon, rng }: AttackTask): tf.Tensor {
  const radius = perImage(center, () => epsilon * rng.uniform());
  return tf.add(center, tf.mul(radius, cube(center.shape, rng)));
}

/** AutoPGD's start: z + epsilon t / |t|_inf with t ~ U(-1, 1)^d, on the surface of the ball; not yet in the box. */
export function surfaceStart({ center, epsilon, rng }: AttackTask): tf.Tensor {
  const t = cube(center.shape, rng);
  const largest = tf.max(rows(tf.abs(t)), 1);
  // All of t is zero with a probability of 2^-24 for a single pixel; then the start is the image.
  const scale = tf.div(epsilon, tf.maximum(largest, 1e-8));
  return tf.add(center, tf.mul(t, broadcastable(scale, t.rank)));
}

/** A uniformly random point of the Euclidean ball: a normal direction, and a radius epsilon u^(1/d); not yet in the box. */
export function ballStart({ center, epsilon, rng }: AttackTask): tf.Tensor {
  const dimension = center.size / center.shape[0]!;
  const direction = tf.tensor(Float32Array.from({ length: center.size }, rng.normal), center.shape);
  const norm = broadcastable(tf.sqrt(tf.sum(tf.square(rows(direction)), 1)), center.rank);
  const radius = perImage(center, () => epsilon * rng.uniform() ** (1 / dimension));
  return tf.add(center, tf.mul(radius, tf.div(direction, tf.maximum(norm, 1e-8))));
}

/** Independent numbers of U(-1, 1). */
function cube(shape: readonly number[], rng: Rng): tf.Tensor {
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  return tf.tensor(
    values.map(() => 2 * rng.uniform() - 1),
    [...shape],
  );
}

function perImage(images: tf.Tensor, draw: () => number): tf.Tensor {
  return broadcastable(tf.tensor1d(Float32Array.from({ length: images.shape[0]! }, draw)), images.rank);
}
