import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { lenet } from '../../src/models';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { convolve, map, numbers, relu } from './naiveNetwork';

describe('lenet', () => {
  it('has 3,274,634 parameters, all trainable, counted by hand', async () => {
    await expectNoLeak(() => {
      const model = lenet();
      expect(model.countParams()).toBe(25 * 32 + 32 + (25 * 32 * 64 + 64) + (7 * 7 * 64 * 1024 + 1024) + 10250);
      expect(model.nonTrainableWeights).toHaveLength(0);
      expect(model.outputs[0]!.shape).toEqual([null, 10]);
      model.dispose();
    });
  });

  it('convolves with zero padding, adds a bias, applies ReLU and takes the maximum of 2x2 blocks', async () => {
    await expectNoLeak(() => {
      const model = lenet({ inputShape: [4, 4, 2], classes: 2, seed: 9 });
      const [kernel] = model.getLayer('conv_1').getWeights();
      const bias = Array.from({ length: 32 }, (_, c) => (c - 16) / 32);
      const values = Array.from({ length: 32 }, (_, i) => Math.fround(Math.sin(i)));
      const got = tf.tidy(() => {
        model.getLayer('conv_1').setWeights([kernel!, tf.tensor1d(bias)]);
        const convolved = model.getLayer('conv_1').apply(tf.tensor4d(values, [1, 4, 4, 2]));
        return numbers(model.getLayer('pool_1').apply(convolved) as tf.Tensor);
      });
      const full = relu(
        map(convolve({ height: 4, width: 4, channels: 2, values }, kernel!, 1), (v, c) => v + bias[c]!),
      );
      const want = Array.from({ length: 2 * 2 * 32 }, (_, i) => {
        const [y, x, c] = [Math.floor(i / 64), Math.floor(i / 32) % 2, i % 32];
        return Math.max(...[0, 1, 4, 5].map((o) => full.values[(8 * y + 2 * x + o) * 32 + c]!));
      });
      for (const [i, v] of want.entries()) expect(got[i]).toBeCloseTo(v, 5);
      model.dispose();
    });
  });

  it('returns logits: a linear function of the hidden layer', async () => {
    await expectNoLeak(() => {
      const model = lenet({ inputShape: [4, 4, 1], classes: 3 });
      expect(model.getLayer('logits').getConfig()).toMatchObject({ activation: 'linear', units: 3 });
      model.dispose();
    });
  });

  it.each([
    ['inputShape', { inputShape: [28] }],
    ['inputShape', { inputShape: [28, 28.5, 1] }],
    ['classes', { classes: 2.5 }],
    ['options', { numClasses: 3 } as object],
  ])('refuses a bad %s', async (argument, options) => {
    await expectRefusal(() => lenet(options), { code: 'INVALID_OPTION', fn: 'lenet', argument });
  });
});
