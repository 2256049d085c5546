import * as tf from '@tensorflow/tfjs-core';
import { broadcastable, rows } from './perImage';
import type { AttackTask } from './prepareAttack';

/** The paper's start: z + u t with t ~ U(-epsilon, epsilon)^d and one u ~ U(0, 1) per image; not yet in the box. */
export function scaledUniformStart(task: AttackTask): tf.Tensor {
  const { center, epsilon, rng } = task;
  const radius = perImage(task, () => epsilon * rng.uniform());
  return tf.add(center, tf.mul(radius, cube(task)));
}

/** AutoPGD's start: z + epsilon t / |t|_inf with t ~ U(-1, 1)^d, on the surface of the ball; not yet in the box. */
export function surfaceStart(task: AttackTask): tf.Tensor {
  const { center, epsilon } = task;
  const t = cube(task);
  const largest = tf.max(rows(tf.abs(t)), 1);
  // All of t is zero with a probability of 2^-24 for a single pixel; then the start is the image.
  const scale = tf.div(epsilon, tf.maximum(largest, 1e-8));
  return tf.add(center, tf.mul(t, broadcastable(scale, t.rank)));
}

/** A uniformly random point of the Euclidean ball: a normal direction, and a radius epsilon u^(1/d); not yet in the box. */
export function ballStart(task: AttackTask): tf.Tensor {
  const { center, epsilon, rng } = task;
  const dimension = center.size / center.shape[0]!;
  const direction = tf.tensor(drawn(task, dimension, rng.normal), center.shape);
  const norm = broadcastable(tf.sqrt(tf.sum(tf.square(rows(direction)), 1)), center.rank);
  const radius = perImage(task, () => epsilon * rng.uniform() ** (1 / dimension));
  return tf.add(center, tf.mul(radius, tf.div(direction, tf.maximum(norm, 1e-8))));
}

/** A random corner of the ball, z + epsilon s with s uniform in {-1, 1}^d; not yet in the box. */
export function corner(task: AttackTask): tf.Tensor {
  const { center, epsilon, rng } = task;
  let bits = 0;
  let left = 0;
  const sign = () => {
    // Every number has 24 random bits, enough for 24 signs.
    if (left === 0) [bits, left] = [rng.uniform() * 2 ** 24, 24];
    left--;
    const drawnSign = bits & 1 ? epsilon : -epsilon;
    bits >>= 1;
    return drawnSign;
  };
  return tf.add(center, tf.tensor(drawn(task, center.size / center.shape[0]!, sign), center.shape));
}

/** Independent numbers of U(-1, 1) in the shape of the images. */
function cube(task: AttackTask): tf.Tensor {
  const { center, rng } = task;
  const values = drawn(task, center.size / center.shape[0]!, () => 2 * rng.uniform() - 1);
  return tf.tensor(values, center.shape);
}

/** A number for each image, in a shape that broadcasts against the images. */
export function perImage(task: AttackTask, draw: () => number): tf.Tensor {
  return broadcastable(tf.tensor1d(drawn(task, 1, draw)), task.center.rank);
}

/** `size` numbers for each image. All are drawn for the larger batch, of which those of the images at hand are kept. */
export function drawn({ center, rows: { first, of } }: AttackTask, size: number, draw: () => number): Float32Array {
  const all = new Float32Array(of * size).map(draw);
  return all.slice(first * size, (first + center.shape[0]!) * size);
}

/** Blocks along each side of an image. */
const GRIDS = [2, 3, 4, 7] as const;
const FINEST = Math.max(...GRIDS);

/**
 * A corner of the ball that keeps an image smooth but for a few edges: z + epsilon s, where s is -1 or 1 on each block and
 * channel of a grid of 2 x 2, 3 x 3, 4 x 4 or 7 x 7 blocks; not yet in the box. Inputs that are not images have no
 * neighbouring values and get a random {@link corner}.
 *
 * A network that takes noise for noise has live units here and none at a corner drawn pixel by pixel, which is noise again.
 */
export function coarseCorner(task: AttackTask): tf.Tensor {
  const { center, epsilon, rng, image } = task;
  if (image === undefined) return corner(task);
  const { height, width, channels } = image;
  const size = 1 + FINEST * FINEST * channels;
  const numbers = drawn(task, size, rng.uniform);
  const signs = new Float32Array(center.size);
  let at = 0;
  for (let first = 0; first < numbers.length; first += size) {
    const grid = GRIDS[Math.floor(numbers[first]! * GRIDS.length)]!;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const block = Math.floor((y * grid) / height) * grid + Math.floor((x * grid) / width);
        for (let c = 0; c < channels; c++)
          signs[at++] = numbers[first + 1 + block * channels + c]! < 0.5 ? -epsilon : epsilon;
      }
  }
  return tf.add(center, tf.tensor(signs, center.shape));
}
