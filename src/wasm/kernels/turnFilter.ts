import type * as tf from '@tensorflow/tfjs-core';
import { floats, type WasmBackend } from '../backend';

/**
 * A filter `[height, width, inputs, outputs]` turned by 180 degrees with its channels exchanged,
 * `[height, width, outputs, inputs]`. The caller disposes it.
 */
export function turnFilter(
  backend: WasmBackend,
  filter: tf.TensorInfo,
  inputs: number,
  outputs: number,
): tf.TensorInfo {
  const [height, width] = filter.shape as [number, number];
  const turned = backend.makeOutput([height, width, outputs, inputs], 'float32');
  const from = floats(backend, filter);
  const to = floats(backend, turned);
  const size = inputs * outputs;
  for (let tap = 0; tap < height * width; tap++) {
    const source = tap * size;
    const target = (height * width - 1 - tap) * size;
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < outputs; o++) to[target + o * inputs + i] = from[source + i * outputs + o]!;
    }
  }
  return turned;
}
