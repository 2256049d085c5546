import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { lastLayerLaplace } from '../../src/guarantees';
import { classifier, goodGradients } from '../../src/index';
import { evaluate, toPiecewiseAffine } from '../../src/regions';
import { seedWeights } from '../support/smallModels';

/** Of every layer the first weight (kernel, gamma) may be frozen on its own: tfjs then lists it after the others. */
function network(frozen: boolean): LayersModel {
  const model = seedWeights(
    sequential({
      layers: [
        layers.conv2d({ inputShape: [3, 3, 2], kernelSize: 2, filters: 2, activation: 'relu' }),
        layers.batchNormalization(),
        layers.flatten(),
        layers.dense({ units: 5, activation: 'relu' }),
        layers.dense({ units: 3, activation: 'softmax' }),
      ],
    }),
    3,
  );
  if (frozen) for (const layer of model.layers) for (const first of layer.weights.slice(0, 1)) first.trainable = false;
  return model;
}

describe('a model with frozen weights in layers that are not frozen', () => {
  const [free, frozen] = [network(false), network(true)];
  const x = tf.keep(
    tf.tensor4d(
      Float32Array.from({ length: 72 }, (_, i) => Math.sin(i) ** 2),
      [4, 3, 3, 2],
    ),
  );
  const read = async (t: tf.Tensor) => Array.from(await t.data());

  beforeAll(() => {
    const names = frozen.layers.at(-1)!.weights.map(({ originalName }) => originalName.split('/').at(-1));
    expect(names).toEqual(['bias', 'kernel']);
  });

  it('has the logits of the model without', async () => {
    expect(await read(classifier(frozen).logits(x))).toEqual(await read(classifier(free).logits(x)));
  });

  it('is read as the same piecewise affine function', async () => {
    const point = (await x.data()).slice(0, 18);
    expect(evaluate(toPiecewiseAffine(frozen), point)).toEqual(evaluate(toPiecewiseAffine(free), point));
  });

  it('has the same bounds in GOOD', async () => {
    const batch = { x, y: tf.tensor1d([0, 1, 2, 0]) };
    const options = { epsilon: 0.05, seed: 1 };
    const [one, other] = [goodGradients(free, batch, options), goodGradients(frozen, batch, options)];
    expect(await read(other.outConfidence)).toEqual(await read(one.outConfidence));
    expect(Object.keys(other.grads)).toHaveLength(4);
  });

  it('has the same last-layer Laplace approximation', async () => {
    const [one, other] = [await lastLayerLaplace(free, x), await lastLayerLaplace(frozen, x)];
    expect(other.priorPrecision).toBe(one.priorPrecision);
    expect(await read(other.logits(x))).toEqual(await read(one.logits(x)));
  });
});
