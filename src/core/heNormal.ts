import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { createRng } from './rng';

/**
 * Draws every convolution and dense kernel of a fresh model from N(0, 2 / fan-in) (He et al. 2015, arXiv 1502.01852),
 * and leaves the other weights as they are.
 *
 * Each layer has a stream of its own, named after it: inserting a layer changes no other layer's weights. The layers'
 * own seeded initialisers are not used because tfjs takes `seed: 0` for no seed at all.
 */
export function heNormal(model: LayersModel, seed: string | number): void {
  const rng = createRng(seed);
  for (const layer of model.layers) {
    const [kernel, ...others] = layer.getWeights();
    if (kernel === undefined || kernel.rank < 2) continue;
    const draw = rng.fork(layer.name);
    const deviation = Math.sqrt((2 * kernel.shape.at(-1)!) / kernel.size);
    const values = Float32Array.from({ length: kernel.size }, () => deviation * draw.normal());
    tf.tidy(() => layer.setWeights([tf.tensor(values, kernel.shape), ...others]));
  }
}
