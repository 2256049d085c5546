import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { fitUnknown, restoreUnknown } from '../../src/detectors';
import { jointDiscriminator, lastLayerLaplace } from '../../src/guarantees';
import { uniformNoise } from '../../src/noise';
import { modelSpan } from '../../src/training/good/modelSpan';
import { disableWasmTraining, enableWasmTraining } from '../../src/wasm';
import { expectRefusal } from '../support/expectRefusal';
import { onBackend } from '../support/onBackend';
import { randomWeights } from '../support/regionModels';

const SHAPE = [4, 6, 2];

/** The wasm backend of tfjs reads beside an image whose last column is in no window. */
function strided(units: number, activation: 'linear' | 'relu' | 'softmax'): LayersModel {
  return randomWeights(
    sequential({
      layers: [
        layers.conv2d({ inputShape: SHAPE, filters: 3, kernelSize: [3, 1], strides: 2, padding: 'same' }),
        layers.flatten({ name: 'features' }),
        layers.dense({ units, activation }),
      ],
    }),
    5,
  );
}

/** What parts of the library that run a model by themselves compute, wherever they are called. */
const parts: readonly (readonly [string, (x: tf.Tensor4D) => Promise<tf.Tensor>])[] = [
  ['lastLayerLaplace', async (x) => (await lastLayerLaplace(strided(3, 'linear'), x, { priorPrecision: 1 })).logits(x)],
  [
    'jointDiscriminator',
    async (x) => {
      const features = strided(4, 'relu');
      const training = { features, epochs: 1, batchSize: 8, learningRate: 1e-9, seed: 1 };
      if (tf.getBackend() === 'wasm') await enableWasmTraining();
      const safe = await jointDiscriminator(strided(3, 'linear'), x, training).finally(disableWasmTraining);
      return safe.logits(x);
    },
  ],
  [
    'the training on bounds',
    async (x) => tf.tidy(() => modelSpan('test', strided(3, 'linear'), { lower: x, upper: tf.add(x, 0.1) }).lower),
  ],
];

describe('where the last column of an image is in no window', () => {
  it.each(parts)('%s computes on wasm what it computes on cpu', async (_, compute) => {
    const run = async () => {
      const x = uniformNoise([8, ...SHAPE], { seed: 2 }) as tf.Tensor4D;
      return [...(await (await compute(x)).data())];
    };
    const onCpu = await run();
    const onWasm = await onBackend('wasm', run);
    expect(onWasm).toHaveLength(onCpu.length);
    for (const [i, value] of onWasm.entries()) expect(value).toBeCloseTo(onCpu[i]!, 3);
  });

  it('a restored guard, which runs the model by the operations of tfjs alone, refuses the backend that is wrong', async () => {
    const model = strided(3, 'softmax');
    const x = uniformNoise([40, ...SHAPE], { seed: 2 });
    const saved = (await fitUnknown(model, x, { kinds: ['knn'], seed: 1 })).save();
    expect((await restoreUnknown(model, saved)).labels).toEqual(['0', '1', '2']);
    await onBackend('wasm', () =>
      expectRefusal(() => restoreUnknown(model, saved), {
        code: 'INVALID_DATA',
        fn: 'restoreUnknown',
        argument: 'saved',
      }),
    );
  });
});
