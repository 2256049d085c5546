import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gaussianLowPass, uniformNoise } from '../../src/noise';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { gaussianOracle, type Pixels } from '../support/gaussianOracle';
import { onBackend } from '../support/onBackend';

type Shape = [number, number, number, number];

async function filtered(images: tf.Tensor, sigma: number | readonly number[], bounds?: readonly [number, number]) {
  const smooth = gaussianLowPass(images, sigma, bounds === undefined ? {} : { bounds });
  const read = await smooth.data();
  smooth.dispose();
  return read;
}

/** The largest distance to the oracle over all pixels and channels. */
async function distanceToOracle(images: tf.Tensor, sigma: readonly number[]): Promise<number> {
  const got = await filtered(images, sigma, [-2, 3]);
  const expected = ((await images.array()) as Pixels[]).flatMap((image, i) => gaussianOracle(image, sigma[i]!).flat(2));
  return expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - got[i]!)), 0);
}

describe('gaussianLowPass', () => {
  test('gives the numbers that scipy 1.17 gives (gaussian_filter, mode reflect, radius 7)', async () => {
    const images = tf.tensor4d([0, 1, 0.25, 0.5, 0.75, 0.1, 0.9, 0.3, 0.2, 0.6, 0.4, 0.8], [1, 3, 4, 1]);
    const scipy = [
      0.424024566, 0.469409874, 0.495744819, 0.493236413, 0.429132715, 0.471766157, 0.510403883, 0.524896102,
      0.425434085, 0.470514009, 0.525670756, 0.55976662,
    ];
    const got = await filtered(images, 1.3);
    scipy.forEach((value, i) => {
      expect(Math.abs(got[i]! - value)).toBeLessThan(1e-6);
    });
    images.dispose();
  });

  test('reaches seven pixels and no further, and mirrors the edge pixel too (scipy on a unit impulse)', async () => {
    const impulse = tf.tensor4d(
      Array.from({ length: 17 }, (_, i) => (i === 0 ? 1 : 0)),
      [1, 17, 1, 1],
    );
    const scipy = [
      0.307662574, 0.263851552, 0.194041476, 0.122351996, 0.066131866, 0.030631619, 0.012154713, 0.003174203,
    ];
    const got = await filtered(impulse, 2.5);
    for (let i = 0; i < 17; i++) expect(Math.abs(got[i]! - (scipy[i] ?? 0))).toBeLessThan(1e-6);
    impulse.dispose();
  });

  test.each<Shape>([
    [1, 1, 1, 1],
    [2, 1, 5, 2],
    [2, 4, 4, 3],
    [1, 3, 2, 4],
    [3, 8, 8, 1],
    [1, 17, 9, 3],
    [2, 28, 28, 1],
  ])('agrees with a 15 x 15 sum in float64 to 1e-5 on every channel: %i x %i x %i x %i', async (...shape) => {
    const images = uniformNoise(shape, { seed: shape.join(), bounds: [-2, 3] });
    const sigma = Array.from({ length: shape[0] }, (_, i) => [0.3, 1, 2.5][i % 3]!);
    expect(await distanceToOracle(images, sigma)).toBeLessThan(1e-5);
    expect(await onBackend('wasm', () => distanceToOracle(images, sigma))).toBeLessThan(1e-5);
    images.dispose();
  });

  test('agrees with the sum in float64 for any shape and sigma', async () => {
    const size = fc.integer({ min: 1, max: 11 });
    const shapes = fc.tuple(fc.integer({ min: 1, max: 3 }), size, size, fc.integer({ min: 1, max: 4 }));
    const sigmas = fc.array(fc.double({ min: 0.05, max: 30, noNaN: true }), { minLength: 3, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(shapes, sigmas, fc.integer(), async (shape, sigma, seed) => {
        const images = uniformNoise(shape, { seed, bounds: [-2, 3] });
        expect(await distanceToOracle(images, sigma.slice(0, shape[0]))).toBeLessThan(1e-5);
        images.dispose();
      }),
      { numRuns: 25 },
    );
  });

  test('has the same bits on the cpu and wasm backends, also where the batch is cut into chunks', async () => {
    for (const shape of [
      [7, 28, 28, 1],
      [5, 13, 4, 3],
      [3, 2, 3, 2],
      [2, 224, 224, 3],
    ] satisfies Shape[]) {
      const sigma = Array.from({ length: shape[0]! }, (_, i) => 1 + i / 5);
      const draw = async () => {
        const images = uniformNoise(shape, { seed: 1 });
        const [each, one] = [await filtered(images, sigma), await filtered(images, 2)];
        images.dispose();
        return { each, one };
      };
      const [cpu, wasm] = [await onBackend('cpu', draw), await onBackend('wasm', draw)];
      expect(Buffer.compare(bytes(cpu.each), bytes(wasm.each))).toBe(0);
      expect(Buffer.compare(bytes(cpu.one), bytes(wasm.one))).toBe(0);
    }
  });

  test('each image has its own sigma, whatever the rest of the batch', async () => {
    const images = uniformNoise([3, 8, 9, 2], { seed: 6 }) as tf.Tensor4D;
    const together = await filtered(images, [1, 2.5, 1.7]);
    for (const [i, sigma] of [1, 2.5, 1.7].entries()) {
      const one = tf.slice(images, [i, 0, 0, 0], [1, 8, 9, 2]);
      expect(await filtered(one, sigma)).toEqual(together.slice(i * 144, (i + 1) * 144));
      one.dispose();
    }
    images.dispose();
  });

  test('leaves constant images as they are to float32 rounding, and never leaves the box', async () => {
    const images = tf.tensor4d([...new Array(64).fill(1), ...new Array(64).fill(0)], [2, 8, 8, 1]);
    const got = await filtered(images, [1, 2.5]);
    for (let i = 0; i < 128; i++) expect(Math.abs(got[i]! - (i < 64 ? 1 : 0))).toBeLessThan(1e-6);
    expect(Math.max(...got)).toBeLessThanOrEqual(1);
    images.dispose();
  });

  test('a sigma far below one pixel changes nothing', async () => {
    const images = uniformNoise([1, 6, 6, 3], { seed: 1 });
    expect(await filtered(images, 1e-200)).toEqual(await images.data());
    images.dispose();
  });

  test('leaves nothing behind but its result', async () => {
    const images = uniformNoise([3, 6, 5, 2]);
    await expectNoLeak(() => tf.dispose(gaussianLowPass(images, [1, 2, 3])));
    await onBackend('wasm', () => expectNoLeak(() => tf.dispose(gaussianLowPass(images, 1))));
    images.dispose();
  });

  test.each([
    ['images', 'INVALID_SHAPE', [2, 3], 1, {}],
    ['images', 'EMPTY_INPUT', [0, 2, 2, 1], 1, {}],
    ['images', 'OUT_OF_BOUNDS', [2, 2, 2, 1], 1, { bounds: [-1, 0.5] }],
    ['sigma', 'INVALID_OPTION', [2, 2, 2, 1], 0, {}],
    ['sigma', 'INVALID_OPTION', [2, 2, 2, 1], -1, {}],
    ['sigma', 'INVALID_OPTION', [2, 2, 2, 1], Number.NaN, {}],
    ['sigma', 'INVALID_OPTION', [2, 2, 2, 1], Number.POSITIVE_INFINITY, {}],
    ['sigma', 'INVALID_OPTION', [2, 2, 2, 1], [1], {}],
    ['sigma', 'INVALID_OPTION', [2, 2, 2, 1], [1, 2, 3], {}],
    ['sigma', 'INVALID_OPTION', [2, 2, 2, 1], [1, 0], {}],
    ['bounds', 'INVALID_OPTION', [2, 2, 2, 1], 1, { bounds: [1, 1] }],
  ] as const)('refuses wrong %s (%s): shape %j, sigma %j', async (argument, code, shape, sigma, options) => {
    const images = tf.ones([...shape]);
    await expectRefusal(() => gaussianLowPass(images, sigma, options), { code, fn: 'gaussianLowPass', argument });
    images.dispose();
  });

  test('refuses images that are not finite', async () => {
    const images = tf.fill([1, 2, 2, 1], Number.NaN);
    await expectRefusal(() => gaussianLowPass(images, 1), {
      code: 'NON_FINITE',
      fn: 'gaussianLowPass',
      argument: 'images',
    });
    images.dispose();
  });
});

function bytes(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
