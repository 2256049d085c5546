import * as tf from '@tensorflow/tfjs-core';
import { models } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MlpOptions, mlp } from '../../src/models';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { onBackend } from '../support/onBackend';
import { numbers } from './naiveNetwork';

/** All initial weights of a fresh network, as one list. */
const initialWeights = (options: MlpOptions): number[] => {
  const model = mlp(options);
  const values = model.getWeights().flatMap(numbers);
  model.dispose();
  return values;
};

/** The same network in float64, on one input. */
function oracle(weights: readonly tf.Tensor[], x: readonly number[]): number[] {
  let values = [...x];
  for (let l = 0; l < weights.length; l += 2) {
    const [kernel, bias] = [numbers(weights[l]!), numbers(weights[l + 1]!)];
    const sums = bias.map((b, j) => values.reduce((sum, v, i) => sum + v * kernel[i * bias.length + j]!, b));
    values = l + 2 < weights.length ? sums.map((s) => Math.max(s, 0)) : sums;
  }
  return values;
}

describe('mlp', () => {
  it('computes dense layers with ReLU between them and none at the end, for any sizes', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 3 });
    const shape = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 });
    await expectNoLeak(() =>
      fc.assert(
        fc.property(shape, sizes, fc.integer({ min: 2, max: 5 }), fc.integer(), (inputShape, hidden, classes, seed) => {
          const model = mlp({ inputShape, hidden, classes, seed });
          const size = inputShape.reduce((a, b) => a * b, 1);
          const x = Array.from({ length: size }, (_, i) => Math.fround(Math.cos(3 * i)));
          const got = tf.tidy(() => numbers(model.predict(tf.tensor(x, [1, ...inputShape])) as tf.Tensor));
          const want = oracle(model.getWeights(), x);
          for (const [k, v] of want.entries()) expect(got[k]).toBeCloseTo(v, 3);
          const widths = [size, ...hidden, classes];
          expect(model.countParams()).toBe(widths.slice(1).reduce((sum, w, i) => sum + w * (widths[i]! + 1), 0));
          model.dispose();
        }),
        { numRuns: 30 },
      ),
    );
  });

  it('draws kernels with mean 0 and variance 2 / fan-in, and biases of zero', () => {
    const model = mlp({ inputShape: [200], hidden: [300], classes: 2, seed: 4 });
    const [kernel, bias] = model.getWeights().map(numbers);
    const mean = kernel!.reduce((sum, v) => sum + v, 0) / kernel!.length;
    const variance = kernel!.reduce((sum, v) => sum + (v - mean) ** 2, 0) / kernel!.length;
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(0.01 / 60_000));
    expect(Math.abs(variance / 0.01 - 1)).toBeLessThan(4 * Math.sqrt(2 / 60_000));
    expect(bias!.every((b) => b === 0)).toBe(true);
    // A normal distribution, not a truncated one: about 4.6 % lie beyond two standard deviations.
    const tail = kernel!.filter((v) => Math.abs(v) > 0.2).length / kernel!.length;
    expect(Math.abs(tail - 0.0455)).toBeLessThan(0.004);
    model.dispose();
  });

  it('gives the same weights for the same seed on every backend, and others for another seed, 0 included', async () => {
    const options = { inputShape: [3], hidden: [4, 4], classes: 2 };
    const onCpu = initialWeights({ ...options, seed: 0 });
    expect(initialWeights(options)).toEqual(onCpu);
    expect(await onBackend('wasm', () => initialWeights({ ...options, seed: 0 }))).toEqual(onCpu);
    expect(initialWeights({ ...options, seed: 1 })).not.toEqual(onCpu);
    expect(initialWeights({ ...options, seed: 'a name' })).not.toEqual(onCpu);
  });

  it('draws each layer from its own stream, so another layer in between changes nothing', () => {
    const short = initialWeights({ inputShape: [3], hidden: [4], classes: 2 });
    const long = initialWeights({ inputShape: [3], hidden: [4, 4], classes: 2 });
    expect(long.slice(0, 12)).toEqual(short.slice(0, 12));
    expect(long.slice(-10)).toEqual(short.slice(-10));
    expect(long.slice(16, 28)).not.toEqual(short.slice(0, 12));
  });

  it('can be rebuilt from its topology by tfjs-layers alone, with kernels that are not zero', async () => {
    const model = mlp({ inputShape: [2, 2], hidden: [4], classes: 2 });
    const copy = await models.modelFromJSON(model.toJSON(null, false) as never);
    expect(numbers(copy.getWeights()[0]!).every((v) => v !== 0)).toBe(true);
    expect(copy.getConfig()).toEqual(model.getConfig());
    copy.dispose();
    model.dispose();
  });

  it.each([
    ['inputShape', { inputShape: [] }],
    ['inputShape', { inputShape: [-1] }],
    ['hidden', { hidden: [0] }],
    ['hidden', { hidden: [1.5] }],
    ['hidden', { hidden: 3 as never }],
    ['classes', { classes: 1 }],
    ['options', { hiden: [3] }],
    ['options', { units: 3 }],
  ])('refuses a bad %s', async (argument, options) => {
    const good = { inputShape: [2], hidden: [3], classes: 2 };
    await expectRefusal(() => mlp({ ...good, ...options }), { code: 'INVALID_OPTION', fn: 'mlp', argument });
  });
});
