import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { createRng } from '../../src/core/rng';
import type { LabelledData } from '../../src/index';

/** Random images for a model, with random labels. */
export function trainingBatch(model: LayersModel, count: number, seed = 3): LabelledData {
  const rng = createRng(seed);
  const shape = [count, ...(model.inputs[0]!.shape.slice(1) as number[])];
  const classes = model.outputs[0]!.shape[1]!;
  const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, rng.uniform);
  const labels = Int32Array.from({ length: count }, () => rng.integer(classes));
  return { x: tf.tensor(values, shape), y: tf.tensor1d(labels, 'int32') };
}
