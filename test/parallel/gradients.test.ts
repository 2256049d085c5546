import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  acetGradients,
  apgdLinf,
  cedaGradients,
  createRng,
  type GradientsResult,
  pgdLinf,
  plainGradients,
  uniformCrossEntropy,
  uniformNoise,
} from '../../src/index';
import type { TrainingPool } from '../../src/parallel/index';
import type { AcetOptions } from '../../src/training/types';
import { expectNoLeak } from '../support/expectNoLeak';
import { optionsOf } from '../support/optionsOf';
import { seedWeights, tinyBatch, tinyMlpWithState, weightsOf } from '../support/smallModels';
import { startPool } from './startPool';

const alone = { plainGradients, cedaGradients, acetGradients };
const methods = ['plainGradients', 'cedaGradients', 'acetGradients'] as const;
/** A nested model and a layer of its own, so that there is something to freeze in both. */
const model = seedWeights(
  sequential({
    layers: [
      sequential({ layers: [layers.dense({ inputShape: [2], units: 8, activation: 'relu', name: 'inner' })] }),
      layers.dense({ units: 5, activation: 'relu', name: 'hidden' }),
      layers.dense({ units: 3, activation: 'softmax' }),
    ],
  }),
  1,
);
const batch = tinyBatch(11);
let pool: TrainingPool;

beforeAll(async () => {
  pool = await startPool(model, { workers: 3 });
});
afterAll(() => tf.dispose([batch.x, batch.y]));

async function numbers({ grads, ...scalars }: GradientsResult) {
  const read = async (tensors: tf.NamedTensorMap) =>
    Object.fromEntries(
      await Promise.all(Object.entries(tensors).map(async ([name, t]) => [name, Array.from(await t.data())] as const)),
    );
  const result = { ...(await read(scalars)), ...(await read(grads)) };
  tf.dispose([grads, scalars]);
  return result;
}

/** Equal up to the rounding of sums in another order. */
function expectClose(pooled: Record<string, number[]>, expected: Record<string, number[]>) {
  expect(Object.keys(pooled)).toEqual(Object.keys(expected));
  for (const [name, values] of Object.entries(expected))
    for (const [i, value] of values.entries())
      if (Number.isNaN(value)) expect(pooled[name]![i]).toBeNaN();
      else expect(Math.abs(pooled[name]![i]! - value), name).toBeLessThan(1e-6);
}

describe.each(methods)('%s of a pool', (name) => {
  const short = optionsOf(name, { steps: 3, epsilon: 0.2, stepSize: 0.05, seed: 2 });
  const check = async (options: AcetOptions, data: Parameters<typeof plainGradients>[1] = batch) => {
    const own = optionsOf(name, options);
    const expected = await numbers(alone[name](model, data, own));
    expectClose(await expectNoLeak(async () => numbers(await pool[name](data, own))), expected);
  };

  it('is that of one process, up to float32 rounding', () => check({ ...short, lambda: 0.3, weightDecay: 0.01 }));

  it('takes a sampler that returns another number of samples, or fewer than there are workers', async () => {
    for (const count of [1, 2, 17])
      await check({ ...short, noise: (images, rng) => uniformNoise([count, ...images.shape.slice(1)], { rng }) });
  });

  it('takes one-hot labels', async () => {
    const y = tf.oneHot(batch.y, 3);
    await check(short, { x: batch.x, y });
    y.dispose();
  });

  it('takes other losses and attacks of the library, and those of the caller', async () => {
    await check({ ...short, outLoss: uniformCrossEntropy, attack: apgdLinf });
    await check({ ...short, outLoss: (z) => tf.max<tf.Tensor1D>(z, 1) });
    await check({ ...short, attack: (...given) => pgdLinf(...given) });
  });

  it('moves a stream of random numbers on as the function does', async () => {
    const [one, other] = [createRng(3), createRng(3)];
    tf.dispose(Object.values(await numbers(alone[name](model, batch, { ...short, rng: one }))));
    await numbers(await pool[name](batch, { ...short, rng: other }));
    expect(other.save()).toEqual(one.save());
  });

  it('has no gradients for what is frozen, in nested models too, and has them again after a thaw', async () => {
    const [nested, hidden] = model.layers;
    for (const layer of [nested!, hidden!]) {
      layer.trainable = false;
      const grads = await numbers(await pool[name](batch, short));
      await check(short);
      expect(Object.keys(grads)).not.toContain((layer.weights[0]!.read() as tf.Variable).name);
      layer.trainable = true;
    }
    await check(short);
  });
});

describe('batch normalisation and dropout on a pool', () => {
  it('see the whole batch: moving averages and masks are those of one process', async () => {
    const [mine, pooled] = [tinyMlpWithState(), tinyMlpWithState()];
    const withState = await startPool(pooled);
    for (let call = 0; call < 2; call++) {
      const rng = [createRng(9), createRng(9)] as const;
      const expected = Object.values(await numbers(cedaGradients(mine, batch, { rng: rng[0] })));
      const got = Object.values(await numbers(await withState.cedaGradients(batch, { rng: rng[1] })));
      expect(got.flat()).toEqual(expected.flat());
      expect(rng[1].save()).toEqual(rng[0].save());
      expect(await weightsOf(pooled)).toEqual(await weightsOf(mine));
    }
    // Frozen, batch normalisation keeps its averages, and the passes of what is left are shared out.
    for (const net of [mine, pooled]) for (const layer of net.layers.slice(1, 4)) layer.trainable = false;
    const expected = Object.values(await numbers(plainGradients(mine, batch, { seed: 1 })));
    expect(Object.values(await numbers(await withState.plainGradients(batch, { seed: 1 }))).flat()).toEqual(
      expected.flat(),
    );
    expect(await weightsOf(pooled)).toEqual(await weightsOf(mine));
  });
});
