import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stretchContrast, uniformNoise } from '../../src/noise';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { onBackend } from '../support/onBackend';

async function stretched(images: tf.Tensor, bounds?: readonly [number, number]): Promise<number[]> {
  const result = stretchContrast(images, bounds === undefined ? {} : { bounds });
  expect(result.shape).toEqual(images.shape);
  const values = Array.from(await result.data());
  result.dispose();
  return values;
}

describe('stretchContrast', () => {
  test('maps the smallest value over all pixels and channels to the lower bound, the largest to the upper', async () => {
    const images = tf.tensor4d([0.25, 0.5, 0.5, 0.75, 0, 0.5, 1, 0.25], [2, 1, 2, 2]);
    expect(await stretched(images)).toEqual([0, 0.5, 0.5, 1, 0, 0.5, 1, 0.25]);
    expect(await stretched(images, [-1, 1])).toEqual([-1, 0, 0, 1, -1, 0, 1, -0.5]);
    images.dispose();
  });

  test('leaves constant images unchanged, next to others that are not', async () => {
    const images = tf.tensor2d([
      [0.3, 0.3, 0.3],
      [0, 0, 0],
      [0.2, 0.4, 0.6],
      [1, 1, 1],
    ]);
    const before = Array.from(await images.data());
    const got = await stretched(images);
    expect([...got.slice(0, 6), ...got.slice(9)]).toEqual([...before.slice(0, 6), ...before.slice(9)]);
    expect([got[6], got[8]]).toEqual([0, 1]);
    expect(await stretched(images, [-5, 5])).not.toContain(Number.NaN);
    images.dispose();
  });

  test('brings a constant image from outside to the nearest bound', async () => {
    const images = tf.tensor2d([
      [7, 7],
      [-7, -7],
    ]);
    expect(await stretched(images, [-1, 2])).toEqual([2, 2, -1, -1]);
    images.dispose();
  });

  test('is (x - min) / (max - min) in float64 to 1e-6 of the box, and exactly inside it', async () => {
    const size = fc.integer({ min: 1, max: 6 });
    const shapes = fc.tuple(size, size, size, fc.integer({ min: 1, max: 4 }));
    const low = fc.double({ min: -100, max: 100, noNaN: true });
    await fc.assert(
      fc.asyncProperty(shapes, low, fc.double({ min: 0.5, max: 300, noNaN: true }), async (shape, lower, span) => {
        const images = uniformNoise(shape, { seed: span, bounds: [-3, 40] });
        const source = Array.from(await images.data());
        const got = await stretched(images, [lower, lower + span]);
        const length = source.length / shape[0];
        for (let i = 0; i < shape[0]; i++) {
          const image = source.slice(i * length, (i + 1) * length);
          const [min, max] = [Math.min(...image), Math.max(...image)];
          image.forEach((x, j) => {
            const value = got[i * length + j]!;
            expect(value).toBeGreaterThanOrEqual(lower);
            expect(value).toBeLessThanOrEqual(lower + span);
            if (max === min) return;
            const slack = 1e-6 * Math.max(Math.abs(lower), Math.abs(lower + span), span);
            expect(Math.abs(value - (lower + (span * (x - min)) / (max - min)))).toBeLessThan(slack);
          });
        }
        images.dispose();
      }),
      { numRuns: 40 },
    );
  });

  test('has the same bits on the cpu and wasm backends', async () => {
    const draw = async () => {
      const images = uniformNoise([6, 9, 7, 3], { seed: 2, bounds: [0.1, 0.3] });
      const got = [...(await stretched(images)), ...(await stretched(images, [-0.3, 0.7]))];
      images.dispose();
      return got;
    };
    expect(await onBackend('wasm', draw)).toEqual(await onBackend('cpu', draw));
  });

  test('leaves nothing behind but its result', async () => {
    const images = uniformNoise([3, 6, 5, 2]);
    await expectNoLeak(() => tf.dispose(stretchContrast(images)));
    images.dispose();
  });

  test.each([
    ['images', 'INVALID_SHAPE', [2], [0, 1], {}],
    ['images', 'EMPTY_INPUT', [0, 2], [], {}],
    ['images', 'NON_FINITE', [1, 2], [0, Number.NaN], {}],
    ['images', 'NON_FINITE', [1, 2], [0, Number.NEGATIVE_INFINITY], {}],
    ['bounds', 'INVALID_OPTION', [1, 2], [0, 1], { bounds: [0, 0] }],
  ] as const)('refuses wrong %s (%s), shape %j', async (argument, code, shape, values, options) => {
    const images = tf.tensor([...values], [...shape]);
    await expectRefusal(() => stretchContrast(images, options), { code, fn: 'stretchContrast', argument });
    images.dispose();
  });
});
