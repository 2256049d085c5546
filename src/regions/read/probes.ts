import * as tf from '@tensorflow/tfjs-core';
import { type Bounds, boundsAt } from '../../core/bounds';
import { createRng } from '../../core/rng';
import { sizeOf } from './graph';

/**
 * Inputs on which a model is compared with what has been read of it: one inside the box of valid inputs and one outside;
 * always the same ones.
 */
export function probesFor(inputShape: readonly number[], bounds: Bounds): tf.Tensor {
  const rng = createRng(1812);
  const size = sizeOf(inputShape);
  const values = Float32Array.from({ length: 2 * size }, (_, i) => {
    const [low, high] = boundsAt(bounds, i % size);
    return i < size ? low + (high - low) * rng.uniform() : (low + high) / 2 + 10 * (high - low) * rng.normal();
  });
  return tf.tensor(values, [2, ...inputShape]);
}
