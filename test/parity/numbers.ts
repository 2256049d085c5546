import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** What a computation found: values by the name of the quantity. */
export type Numbers = Readonly<Record<string, readonly number[]>>;

/** The values of a tensor, which is disposed; never read synchronously, which webgpu cannot do. */
export async function values(tensor: tf.Tensor): Promise<number[]> {
  const data = Array.from(await tensor.data());
  tensor.dispose();
  return data;
}

/** Runs `work` in a tidy and reads the tensors it returns. */
export async function read(work: () => Record<string, tf.Tensor>): Promise<Numbers> {
  const found: Record<string, number[]> = {};
  for (const [name, tensor] of Object.entries(tf.tidy(work))) found[name] = await values(tensor);
  return found;
}

/** All weights of a model, batch-norm averages included. */
export async function weights(model: LayersModel): Promise<number[][]> {
  const all: number[][] = [];
  for (const weight of model.weights) all.push(Array.from(await weight.read().data()));
  return all;
}
