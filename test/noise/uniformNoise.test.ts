import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import { uniformNoise } from '../../src/noise';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { onBackend } from '../support/onBackend';

async function values(tensor: tf.Tensor): Promise<number[]> {
  const read = Array.from(await tensor.data());
  tensor.dispose();
  return read;
}

describe('uniformNoise', () => {
  test('has the mean, variance and fourth moment of the uniform distribution on its box', async () => {
    const n = 40_000;
    const drawn = await values(uniformNoise([n], { seed: 3, bounds: [-1, 3] }));
    const unit = drawn.map((v) => (v + 1) / 4 - 0.5);
    const moment = (k: number) => unit.reduce((sum, u) => sum + u ** k, 0) / n;
    // Five standard errors of each estimate.
    expect(Math.abs(moment(1))).toBeLessThan(5 * Math.sqrt(1 / 12 / n));
    expect(Math.abs(moment(2) - 1 / 12)).toBeLessThan(5 * Math.sqrt((1 / 80 - 1 / 144) / n));
    expect(Math.abs(moment(4) - 1 / 80)).toBeLessThan(5 * Math.sqrt((1 / 2304 - 1 / 6400) / n));
  });

  test('fills ten equal bins equally (chi-square below its 99.99 % point)', async () => {
    const n = 20_000;
    const bins = new Array<number>(10).fill(0);
    for (const v of await values(uniformNoise([n], { seed: 4 }))) bins[Math.floor(v * 10)]!++;
    const chiSquare = bins.reduce((sum, count) => sum + (count - n / 10) ** 2 / (n / 10), 0);
    expect(chiSquare).toBeLessThan(33.7);
  });

  test('draws in row-major order from the stream it is given', async () => {
    const rng = createRng('order');
    const expected = Array.from({ length: 12 }, () => rng.uniform());
    expect(await values(uniformNoise([2, 3, 2], { seed: 'order' }))).toEqual(expected);
    expect(await values(uniformNoise([2, 3, 2], { rng: createRng('order') }))).toEqual(expected);
  });

  test('a stream moves on, a seed starts anew, another seed differs', async () => {
    const rng = createRng(1);
    const first = await values(uniformNoise([50], { rng }));
    expect(await values(uniformNoise([50], { rng }))).not.toEqual(first);
    expect(await values(uniformNoise([50], { seed: 1 }))).toEqual(first);
    expect(await values(uniformNoise([50], { seed: 2 }))).not.toEqual(first);
  });

  test('has the asked shape and lies in the box exactly, in float64, for any box', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }),
        fc.double({ min: -1e4, max: 1e4, noNaN: true }),
        fc.double({ min: 0.01, max: 1e4, noNaN: true }),
        async (shape, low, span) => {
          const noise = uniformNoise(shape, { bounds: [low, low + span], seed: low });
          expect(noise.shape).toEqual(shape);
          for (const v of await values(noise)) {
            expect(v).toBeGreaterThanOrEqual(low);
            expect(v).toBeLessThanOrEqual(low + span);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  test('is the same on the cpu and wasm backends', async () => {
    const draw = () => values(uniformNoise([3, 5, 7, 2], { seed: 9, bounds: [-0.3, 0.7] }));
    expect(await onBackend('wasm', draw)).toEqual(await onBackend('cpu', draw));
  });

  test('leaves nothing behind but its result', async () => {
    await expectNoLeak(() => tf.dispose(uniformNoise([4, 4])));
  });

  test.each([
    ['shape', 'INVALID_SHAPE', () => uniformNoise([])],
    ['shape', 'INVALID_SHAPE', () => uniformNoise([2, 0])],
    ['shape', 'INVALID_SHAPE', () => uniformNoise([2.5])],
    ['shape', 'INVALID_SHAPE', () => uniformNoise([Number.NaN])],
    ['bounds', 'INVALID_OPTION', () => uniformNoise([2], { bounds: [1, 1] })],
    ['bounds', 'INVALID_OPTION', () => uniformNoise([2], { bounds: [1, 0] })],
    ['bounds', 'INVALID_OPTION', () => uniformNoise([2], { bounds: [0, Number.NaN] })],
    ['bounds', 'INVALID_OPTION', () => uniformNoise([2], { bounds: [0, Number.POSITIVE_INFINITY] })],
    ['bounds', 'INVALID_OPTION', () => uniformNoise([2], { bounds: [0, 1e39] })],
    ['bounds', 'INVALID_OPTION', () => uniformNoise([2], { bounds: [-3e38, 3e38] })],
    ['bounds', 'INVALID_OPTION', () => uniformNoise([2], { bounds: [1, 1 + 1e-9] })],
  ] as const)('refuses a wrong %s (%s)', async (argument, code, work) => {
    await expectRefusal(work, { code, fn: 'uniformNoise', argument });
  });
});
