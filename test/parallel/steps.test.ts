import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acetStep, cedaStep, plainStep } from '../../src/index';
import { lenet, mlp, resnetSmall } from '../../src/models/index';
import type { TrainingPool } from '../../src/parallel/index';
import type { AcetOptions, StepResult } from '../../src/training/types';
import { disableWasmTraining, enableWasmTraining } from '../../src/wasm/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { optionsOf } from '../support/optionsOf';
import { tinyMlpWithState, weightsOf } from '../support/smallModels';
import { startPool } from './startPool';
import { trainingBatch } from './trainingBatch';

const inHere = { plainStep, cedaStep, acetStep };
const methods = ['plainStep', 'cedaStep', 'acetStep'] as const;
const networks: Readonly<Record<string, () => LayersModel>> = {
  MLP: () => mlp({ inputShape: [6], hidden: [16, 8], classes: 3, seed: 1 }),
  LeNet: () => lenet({ inputShape: [12, 12, 1], classes: 3, seed: 1 }),
  'small ResNet (batch normalisation)': () => resnetSmall({ inputShape: [12, 12, 3], classes: 3, seed: 1 }),
  'MLP with batch normalisation and dropout': () => tinyMlpWithState(),
};
const options: AcetOptions = { epsilon: 0.1, steps: 2, stepSize: 0.05, seed: 4, lambda: 0.7 };

beforeAll(async () => {
  tf.env().set('PROD', true);
  enableWasmTraining();
  await tf.setBackend('wasm');
});
afterAll(async () => {
  await tf.setBackend('cpu');
  disableWasmTraining();
});

/** Weights after two steps, and what the second saw. */
async function twoSteps(model: LayersModel, step: (optimizer: tf.Optimizer) => StepResult | Promise<StepResult>) {
  const optimizer = tf.train.sgd(0.05);
  tf.dispose(await step(optimizer));
  const { loss, inLoss, outLoss, outConfidence } = await step(optimizer);
  const seen = await Promise.all(
    [loss, inLoss, outLoss, outConfidence].map(async (scalar) => (await scalar.data())[0]!),
  );
  tf.dispose([loss, inLoss, outLoss, outConfidence]);
  optimizer.dispose();
  return { seen, weights: await weightsOf(model) };
}

describe.each(Object.keys(networks))('a pool training a %s', (name) => {
  let model: LayersModel;
  let pool: TrainingPool;
  let start: tf.Tensor[];
  const restart = () => tf.tidy(() => model.setWeights(start));

  beforeAll(async () => {
    model = networks[name]!();
    start = tf.tidy(() => model.getWeights().map((weight) => tf.keep(tf.clone(weight))));
    pool = await startPool(model, { backend: 'wasm' });
  });
  afterAll(() => tf.dispose(start));

  it.each(methods)('makes the updates of %s in one process, up to float32 rounding', async (method) => {
    const batch = trainingBatch(model, 5);
    const own = optionsOf(method, options);
    restart();
    const alone = await twoSteps(model, (optimizer) => inHere[method](model, optimizer, batch, own));
    restart();
    const pooled = await expectNoLeak(() => twoSteps(model, (optimizer) => pool[method](optimizer, batch, own)));
    expect(pooled.seen).toHaveLength(4);
    for (const [i, value] of alone.seen.entries())
      if (Number.isNaN(value)) expect(pooled.seen[i]).toBeNaN();
      else expect(pooled.seen[i]).toBeCloseTo(value, 5);
    const furthest = alone.weights.reduce(
      (most, weight, i) => Math.max(most, Math.abs(weight - pooled.weights[i]!)),
      0,
    );
    expect(pooled.weights).toHaveLength(alone.weights.length);
    expect(furthest).toBeLessThan(2e-6);
    tf.dispose([batch.x, batch.y]);
  });
});
