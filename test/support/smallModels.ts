import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { createRng } from '../../src/core/rng';

/** Fills every weight of a model from a seed, so that two models built alike start alike on every backend. */
export function seedWeights<M extends LayersModel>(model: M, seed: number): M {
  const rng = createRng(seed);
  tf.tidy(() => {
    model.setWeights(
      model.getWeights().map((weight) => {
        const scale = Math.sqrt(2 / Math.max(1, weight.size / (weight.shape.at(-1) ?? 1)));
        const isStatistic = weight.rank === 1;
        const values = new Float32Array(weight.size).map(() =>
          isStatistic ? 0.5 + rng.uniform() : scale * rng.normal(),
        );
        return tf.tensor(values, weight.shape);
      }),
    );
  });
  return model;
}

/** 2 inputs, 3 classes, one hidden layer. */
export function tinyMlp(seed = 1): LayersModel {
  return seedWeights(
    sequential({
      layers: [layers.dense({ inputShape: [2], units: 16, activation: 'relu' }), layers.dense({ units: 3 })],
    }),
    seed,
  );
}

/** The same with batch normalisation and dropout in between. */
export function tinyMlpWithState(seed = 1): LayersModel {
  return seedWeights(
    sequential({
      layers: [
        layers.dense({ inputShape: [2], units: 16 }),
        layers.batchNormalization(),
        layers.reLU(),
        layers.dropout({ rate: 0.3 }),
        layers.dense({ units: 3 }),
      ],
    }),
    seed,
  );
}

/** A labelled batch in [0, 1]^2 with three classes told apart by the first coordinate. */
export function tinyBatch(count: number, seed = 2): { x: tf.Tensor2D; y: tf.Tensor1D } {
  const rng = createRng(seed);
  const points = new Float32Array(2 * count).map(() => rng.uniform());
  const labels = Int32Array.from({ length: count }, (_, i) => Math.floor(3 * points[2 * i]!));
  return { x: tf.tensor2d(points, [count, 2]), y: tf.tensor1d(labels, 'int32') };
}

/** All weights of a model as one list of numbers. */
export async function weightsOf(model: LayersModel): Promise<number[]> {
  const parts = await Promise.all(model.weights.map((weight) => weight.read().data()));
  return parts.flatMap((part) => Array.from(part as Float32Array));
}
