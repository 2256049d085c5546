import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acetStep, cedaStep, createRng, type LabelledData, plainStep, type StepResult } from '../../src/index';
import { lenet, resnetSmall } from '../../src/models';
import { disableWasmTraining, enableWasmTraining } from '../../src/wasm';
import { expectNoLeak } from '../support/expectNoLeak';
import { onBackend } from '../support/onBackend';

beforeAll(() => enableWasmTraining());
afterAll(() => disableWasmTraining());

type Step = (model: LayersModel, optimizer: tf.Optimizer, data: LabelledData, seed: number) => StepResult;

const methods: Readonly<Record<string, Step>> = {
  plain: (model, optimizer, data) => plainStep(model, optimizer, data, { weightDecay: 0 }),
  CEDA: (model, optimizer, data, seed) => cedaStep(model, optimizer, data, { seed, weightDecay: 0 }),
  ACET: (model, optimizer, data, seed) =>
    acetStep(model, optimizer, data, { seed, weightDecay: 0, epsilon: 0.1, stepSize: 0.04, steps: 3 }),
};

const networks = {
  LeNet: { inputShape: [12, 12, 1], optimizer: () => tf.train.adam(1e-4), build: lenet },
  'the small ResNet': { inputShape: [8, 8, 3], optimizer: () => tf.train.sgd(0.05), build: resnetSmall },
} as const;

/** Noisy images, every class brighter than the one before. */
function brightness(inputShape: readonly number[], classes: number): LabelledData {
  const rng = createRng(1);
  const size = tf.util.sizeFromShape([...inputShape]);
  const labels = Int32Array.from({ length: 8 * classes }, (_, i) => i % classes);
  const pixels = Float32Array.from({ length: labels.length * size }, (_, i) => {
    return (labels[Math.floor(i / size)]! + rng.uniform()) / classes;
  });
  return { x: tf.tensor(pixels, [labels.length, ...inputShape]), y: tf.tensor1d(labels, 'int32') };
}

describe.each(Object.entries(networks))('%s trains on wasm', (_, { inputShape, optimizer: make, build }) => {
  test.each(Object.entries(methods))('by the %s method: the loss falls', async (_, step) => {
    const losses = await onBackend('wasm', () =>
      expectNoLeak(async () => {
        const model = build({ inputShape, classes: 3, seed: 1 });
        const data = brightness(inputShape, 3);
        const optimizer = make();
        const losses: number[] = [];
        for (let seed = 0; seed < 8; seed++) {
          const { loss, inLoss, outLoss, outConfidence } = step(model, optimizer, data, seed);
          losses.push((await loss.data())[0]!);
          tf.dispose([loss, inLoss, outLoss, outConfidence]);
        }
        tf.dispose([data.x, data.y]);
        optimizer.dispose();
        model.dispose();
        return losses;
      }),
    );
    expect(losses.at(-1)! - losses[0]!).toBeLessThan(-0.15);
  });
});
