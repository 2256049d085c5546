import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { heNormal } from '../../src/core/heNormal';
import { createRng, type LabelledData } from '../../src/index';
import { lenet, mlp, resnetSmall } from '../../src/models/index';

/** A small network and the shape of its batches; everything is drawn from fixed seeds. */
export interface Network {
  readonly build: () => LayersModel;
  readonly inputShape: readonly number[];
  readonly classes: number;
  readonly batch: number;
}

const mlpShape = { inputShape: [6], classes: 4 };
const lenetShape = { inputShape: [8, 8, 1], classes: 4 };
const resnetShape = { inputShape: [4, 4, 3], classes: 3 };

/** The three architectures that the suite trains and attacks. */
export const networks = {
  MLP: { ...mlpShape, batch: 6, build: () => mlp({ ...mlpShape, hidden: [16, 16], seed: 1 }) },
  LeNet: { ...lenetShape, batch: 4, build: () => lenet({ ...lenetShape, seed: 2 }) },
  ResNet: { ...resnetShape, batch: 8, build: residual },
} as const satisfies Record<string, Network>;

/** The residual network up to its first change of width: every kind of layer, and fewer shapes, for each of which a GPU compiles. */
function residual(): LayersModel {
  const whole = resnetSmall(resnetShape);
  const features = layers.globalAveragePooling2d({ name: 'average' }).apply(whole.getLayer('unit_2_1_add').output);
  const outputs = layers.dense({ units: resnetShape.classes, name: 'logits' }).apply(features) as SymbolicTensor;
  const first = model({ inputs: whole.inputs, outputs });
  for (const layer of whole.layers) if (!first.layers.includes(layer)) layer.dispose();
  heNormal(first, 3);
  return first;
}

/** Builds a network and a batch for it, and frees both when `work` is done. */
export async function withModel<T>(
  network: Network,
  work: (model: LayersModel, data: LabelledData) => Promise<T>,
): Promise<T> {
  const model = network.build();
  moveVectors(model);
  const data = labelledBatch(network);
  try {
    return await work(model, data);
  } finally {
    tf.dispose([data.x, data.y]);
    model.dispose();
  }
}

/** Moves biases off 0 and batch-norm off the identity, so that no unit sits exactly on its kink. */
function moveVectors(model: LayersModel): void {
  const rng = createRng('biases');
  tf.tidy(() => {
    const moved = model.getWeights().map((value) => {
      if (value.rank > 1) return value;
      return tf.add(value, tf.tensor1d(Float32Array.from({ length: value.size }, () => 0.2 * rng.uniform())));
    });
    model.setWeights(moved);
  });
}

/** A labelled batch of U(0, 1). */
function labelledBatch({ batch, inputShape, classes }: Network): LabelledData {
  const labels = Int32Array.from({ length: batch }, (_, i) => i % classes);
  return { x: uniformTensor([batch, ...inputShape], 'batch'), y: tf.tensor1d(labels, 'int32') };
}

/** Numbers of U(0, 1). */
export function uniformTensor(shape: readonly number[], seed: string): tf.Tensor {
  const rng = createRng(seed);
  return tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, rng.uniform), [...shape]);
}

/** Logits of every kind: ordinary, tied, wide apart, saturated, large. */
export function logitRows(): tf.Tensor2D {
  const rng = createRng('logits');
  const ordinary = Array.from({ length: 6 }, () => Array.from({ length: 5 }, () => 3 * rng.normal()));
  return tf.tensor2d([
    ...ordinary,
    [0, 0, 0, 0, 0],
    [2, 2, -1, 0.5, 2],
    [30, 0, 1, -2, 3],
    [-90, 5, 0, -40, 12],
    [1000, 998.5, 990, 400, -1000],
  ]);
}

/** A class for each of these rows, the largest logit's and others'. */
export function logitLabels(): tf.Tensor1D {
  return tf.tensor1d([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 1], 'int32');
}
