import * as tf from '@tensorflow/tfjs-core';
import type { AttackTask } from './prepareAttack';
import { corner, drawn } from './randomStart';

/** Blocks along each side of an image. */
const GRIDS = [2, 3, 4, 7] as const;
const FINEST = Math.max(...GRIDS);

/**
 * A corner of the ball that keeps an image smooth but for a few edges: z + epsilon s, where s is -1 or 1 on each block and
 * channel of a grid of 2 x 2, 3 x 3, 4 x 4 or 7 x 7 blocks; not yet in the box. Inputs that are not `[H, W, C]` have no
 * neighbouring values and get a random {@link corner}.
 *
 * A network that takes noise for noise has live units here and none at a corner drawn pixel by pixel, which is noise again.
 */
export function coarseCorner(task: AttackTask): tf.Tensor {
  const { center, epsilon, rng } = task;
  if (center.rank !== 4) return corner(task);
  const [batch, height, width, channels] = center.shape as [number, number, number, number];
  const size = 1 + FINEST * FINEST * channels;
  const numbers = drawn(task, size, rng.uniform);
  const signs = new Float32Array(center.size);
  let at = 0;
  for (let first = 0; first < batch * size; first += size) {
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
