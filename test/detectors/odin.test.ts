import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import { odin } from '../../src/detectors/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { tinyBatch, tinyMlp } from '../support/smallModels';

const [SIZE, CLASSES] = [5, 3];
const rng = createRng(4);
const weights = Float32Array.from({ length: SIZE * CLASSES }, () => rng.normal());

function softmaxOf(x: readonly number[], temperature: number): number[] {
  const z = Array.from({ length: CLASSES }, (_, k) =>
    x.reduce((sum, value, j) => sum + value * weights[j * CLASSES + k]!, 0),
  );
  const powers = z.map((value) => Math.exp((value - Math.max(...z)) / temperature));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((value) => value / sum);
}

describe('odin', () => {
  test.each([
    [1, 0.3],
    [1000, 0.0014],
    [10, 0],
  ])('of a linear model is its closed form, at temperature %d and epsilon %d', async (temperature, epsilon) => {
    const points = Array.from({ length: 7 }, () => Array.from({ length: SIZE }, () => Math.fround(rng.normal())));
    const model = (x: tf.Tensor) => tf.matMul(x as tf.Tensor2D, tf.tensor2d(weights, [SIZE, CLASSES])) as tf.Tensor2D;
    const x = tf.tensor2d(points);
    const found = await expectNoLeak(() => odin(model, x, { temperature, epsilon, batchSize: 3 }));
    for (const [i, point] of points.entries()) {
      const p = softmaxOf(point, temperature);
      const k = p.indexOf(Math.max(...p));
      const moved = point.map((value, j) => {
        const slope = p.reduce((sum, share, c) => sum + ((c === k ? 1 : 0) - share) * weights[j * CLASSES + c]!, 0);
        return value + epsilon * Math.sign(slope);
      });
      expect(found[i]).toBeCloseTo(Math.max(...softmaxOf(moved, temperature)), 5);
    }
  });

  test('runs frozen models, and moves images by 0.0014 of the width of the bounds', async () => {
    const model = tinyMlp();
    const { x } = tinyBatch(6);
    expect(await odin(model, x)).toEqual(await odin(model, x, { epsilon: 0.0014, temperature: 1000 }));
  });

  test('refuses options out of range, and hears its signal', async () => {
    const model = tinyMlp();
    const { x } = tinyBatch(2);
    const refusal = { code: 'INVALID_OPTION', fn: 'odin' } as const;
    await expectRefusal(() => odin(model, x, { temperature: 0 }), { ...refusal, argument: 'temperature' });
    await expectRefusal(() => odin(model, x, { epsilon: -1 }), { ...refusal, argument: 'epsilon' });
    const signal = AbortSignal.abort();
    await expectRefusal(() => odin(model, x, { signal }), { code: 'ABORTED', fn: 'odin', argument: 'signal' });
  });
});
