import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import {
  gaussianLowPass,
  type NoiseSampler,
  type PaperNoiseOptions,
  paperNoise,
  paperSampler,
  permutePixels,
  stretchContrast,
  uniformNoise,
} from '../../src/noise';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { onBackend } from '../support/onBackend';

async function values(tensor: tf.Tensor): Promise<number[]> {
  const read = Array.from(await tensor.data());
  tensor.dispose();
  return read;
}

const imagesOf = (shape: readonly number[], bounds: readonly [number, number] = [0, 1]) =>
  uniformNoise(shape, { seed: 'images', bounds });

/** The paper's noise step by step from the public parts: the draws are sigma, permutations, uniform numbers. */
function stepByStep(images: tf.Tensor, options: PaperNoiseOptions & { seed: number }): tf.Tensor {
  const { permutedFraction = 0.5, sigma = [1, 2.5], sigmaPer = 'image', bounds = [0, 1], seed } = options;
  const rng = createRng(seed);
  const count = images.shape[0]!;
  const draw = () => sigma[0] + rng.uniform() * (sigma[1] - sigma[0]);
  const sigmas = sigmaPer === 'batch' ? draw() : Array.from({ length: count }, draw);
  const permuted = Math.round(permutedFraction * count);
  return tf.tidy(() => {
    const [first] = tf.split(images, [permuted, count - permuted]);
    const parts: tf.Tensor[] = [];
    if (permuted > 0) parts.push(permutePixels(first!, { rng, bounds }));
    if (permuted < count) parts.push(uniformNoise([count - permuted, ...images.shape.slice(1)], { rng, bounds }));
    return stretchContrast(gaussianLowPass(tf.concat(parts), sigmas, { bounds }), { bounds });
  });
}

describe('paperNoise', () => {
  test('is the permuted pixels of the first rows and uniform noise, smoothed, then stretched', async () => {
    const shapes = fc.tuple(
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 2, max: 12 }),
      fc.integer({ min: 1, max: 4 }),
    );
    const options = fc.record({
      permutedFraction: fc.double({ min: 0, max: 1, noNaN: true }),
      sigmaPer: fc.constantFrom('image' as const, 'batch' as const),
      seed: fc.integer(),
    });
    await fc.assert(
      fc.asyncProperty(shapes, options, async (shape, chosen) => {
        const images = imagesOf(shape);
        const got = await values(paperNoise(images, chosen));
        // Smoothing clips to the box only when called alone, so the last bit may differ.
        (await values(stepByStep(images, chosen))).forEach((value, i) => {
          expect(Math.abs(got[i]! - value)).toBeLessThan(1e-5);
        });
        images.dispose();
      }),
      { numRuns: 40 },
    );
  });

  test('gives the same noise when the batch is too large to be worked on at once', async () => {
    const images = imagesOf([12, 128, 128, 4]);
    await onBackend('wasm', async () => {
      const noise = paperNoise(images, { seed: 3 });
      const expected = stepByStep(images, { seed: 3 });
      const worst = tf.tidy(() => tf.max(tf.abs(tf.sub(noise, expected))));
      expect((await worst.data())[0]).toBeLessThan(1e-5);
      tf.dispose([noise, expected, worst]);
    });
    images.dispose();
  });

  test.each<[readonly number[], PaperNoiseOptions]>([
    [[9, 28, 28, 1], {}],
    [[4, 32, 32, 3], { sigmaPer: 'batch' }],
    [[3, 4, 4, 2], { permutedFraction: 1, bounds: [-0.3, 0.7] }],
    [[2, 5, 3, 4], { permutedFraction: 0 }],
    [[7, 13], {}],
  ])('has the same bits on the cpu and wasm backends: %j, %j', async (shape, options) => {
    const draw = () =>
      tf.tidy(() =>
        paperNoise(uniformNoise(shape, { seed: 1, bounds: options.bounds ?? [0, 1] }), { seed: 2, ...options }),
      );
    expect(await onBackend('wasm', () => values(draw()))).toEqual(await onBackend('cpu', () => values(draw())));
  });

  test('fills the box exactly: every image has the lower and the upper bound and nothing beyond', async () => {
    const size = fc.integer({ min: 1, max: 9 });
    const shapes = fc.tuple(size, size, fc.integer({ min: 2, max: 9 }), fc.integer({ min: 1, max: 4 }));
    await fc.assert(
      fc.asyncProperty(shapes, fc.double({ min: -9, max: 9, noNaN: true }), async (shape, low) => {
        const high = low + 1.7;
        const images = imagesOf(shape, [low, high]);
        const got = await values(paperNoise(images, { bounds: [low, high] }));
        const length = got.length / shape[0];
        for (let i = 0; i < shape[0]; i++) {
          const image = got.slice(i * length, (i + 1) * length);
          expect(Math.min(...image)).toBeGreaterThanOrEqual(low);
          expect(Math.max(...image)).toBeLessThanOrEqual(high);
          expect(Math.min(...image)).toBeCloseTo(low, 5);
          expect(Math.max(...image)).toBeCloseTo(high, 5);
        }
        images.dispose();
      }),
      { numRuns: 40 },
    );
  });

  test('a constant image stays constant under permutation, and is never NaN', async () => {
    const images = tf.fill([2, 8, 8, 3], 0.4);
    for (const v of await values(paperNoise(images, { permutedFraction: 1 }))) expect(v).toBeCloseTo(0.4, 6);
    images.dispose();
  });

  test('vectors are permuted or uniform, neither smoothed nor stretched', async () => {
    const vectors = imagesOf([5, 12]);
    const source = Array.from(await vectors.data());
    const noise = await values(paperNoise(vectors, { permutedFraction: 0.4, seed: 1 }));
    const rng = createRng(1);
    const orders = [rng.permutation(12), rng.permutation(12)];
    const permuted = orders.flatMap((order, i) => Array.from(order, (from) => source[i * 12 + from]!));
    const uniform = Array.from({ length: 36 }, () => rng.uniform());
    expect(noise).toEqual([...permuted, ...uniform]);
    vectors.dispose();
  });

  test.each([
    [0, 0],
    [1, 5],
    [0.5, 3],
    [0.49, 2],
  ])('a permuted share of %d of five vectors is %i of them', async (permutedFraction, expected) => {
    const vectors = tf.fill([5, 3], 0.25);
    const noise = await values(paperNoise(vectors, { permutedFraction }));
    const permuted = [0, 1, 2, 3, 4].map((i) => noise.slice(i * 3, i * 3 + 3).every((v) => v === 0.25));
    expect(permuted).toEqual([0, 1, 2, 3, 4].map((i) => i < expected));
    vectors.dispose();
  });

  test("'batch' smooths all images alike, 'image' each on its own", async () => {
    // One bright pixel, permuted somewhere. Away from the border its neighbour is exp(-1 / (2 sigma^2)) times as bright.
    const size = 40;
    const images = tf.tidy(() => {
      const pixel = tf.cast(tf.oneHot(tf.tensor1d([0], 'int32'), size * size), 'float32');
      return tf.reshape(tf.tile(pixel, [20, 1]), [20, size, size, 1]);
    });
    const sigmas = async (sigmaPer: 'image' | 'batch') => {
      const noise = await values(paperNoise(images, { seed: 5, sigmaPer, permutedFraction: 1 }));
      return Array.from({ length: 20 }, (_, i) => noise.slice(i * size * size, (i + 1) * size * size)).flatMap(
        (image) => {
          const at = image.indexOf(1);
          const [row, column] = [Math.floor(at / size), at % size];
          if (Math.min(row, column, size - 1 - row, size - 1 - column) < 8) return [];
          return [Math.sqrt(-0.5 / Math.log(image[at + 1]!)).toFixed(4)];
        },
      );
    };
    const [batch, each] = [await sigmas('batch'), await sigmas('image')];
    expect(each.length).toBeGreaterThan(2);
    expect(new Set(batch).size).toBe(1);
    expect(new Set(each).size).toBe(each.length);
    for (const sigma of [...batch, ...each]) {
      expect(Number(sigma)).toBeGreaterThanOrEqual(1);
      expect(Number(sigma)).toBeLessThanOrEqual(2.5);
    }
    images.dispose();
  });

  test('is a sampler itself: with a stream it draws what its default options draw', async () => {
    const images = imagesOf([4, 8, 8, 3]);
    const sampler: NoiseSampler = paperNoise;
    expect(await values(sampler(images, createRng(4)))).toEqual(await values(paperNoise(images, { seed: 4 })));
    images.dispose();
  });

  test('the same seed gives the same noise, another seed other noise, and a stream moves on', async () => {
    const images = imagesOf([4, 8, 8, 1]);
    const rng = createRng(1);
    const first = await values(paperNoise(images, rng));
    expect(await values(paperNoise(images, { seed: 1 }))).toEqual(first);
    expect(await values(paperNoise(images, { seed: 2 }))).not.toEqual(first);
    expect(await values(paperNoise(images, rng))).not.toEqual(first);
    images.dispose();
  });

  test('leaves nothing behind but its result, and the images as they were', async () => {
    for (const backend of ['cpu', 'wasm'] as const)
      await onBackend(backend, async () => {
        const images = imagesOf([4, 8, 8, 3]);
        const before = Array.from(await images.data());
        await expectNoLeak(() => tf.dispose(paperNoise(images, createRng(1))));
        await expectNoLeak(() => tf.dispose(paperNoise(images, { sigmaPer: 'batch' })));
        expect(await values(images)).toEqual(before);
      });
  });

  test.each<
    [string, 'INVALID_SHAPE' | 'INVALID_OPTION' | 'EMPTY_INPUT' | 'OUT_OF_BOUNDS', number[], PaperNoiseOptions]
  >([
    ['images', 'INVALID_SHAPE', [2, 4, 4, 4, 1], {}],
    ['images', 'EMPTY_INPUT', [0, 4, 4, 1], {}],
    ['images', 'OUT_OF_BOUNDS', [1, 4, 4, 1], { bounds: [2, 3] }],
    ['bounds', 'INVALID_OPTION', [1, 4, 4, 1], { bounds: [1, 0] }],
    ['permutedFraction', 'INVALID_OPTION', [1, 4, 4, 1], { permutedFraction: -0.1 }],
    ['permutedFraction', 'INVALID_OPTION', [1, 4, 4, 1], { permutedFraction: 1.1 }],
    ['permutedFraction', 'INVALID_OPTION', [1, 4, 4, 1], { permutedFraction: Number.NaN }],
    ['sigma', 'INVALID_OPTION', [1, 4, 4, 1], { sigma: [0, 1] }],
    ['sigma', 'INVALID_OPTION', [1, 4, 4, 1], { sigma: [2, 1] }],
    ['sigma', 'INVALID_OPTION', [1, 4, 4, 1], { sigma: [1, Number.POSITIVE_INFINITY] }],
  ])('refuses wrong %s (%s): %j, %j', async (argument, code, shape, options) => {
    const images = tf.ones(shape);
    await expectRefusal(() => paperNoise(images, options), { code, fn: 'paperNoise', argument });
    images.dispose();
  });

  test('refuses a misspelt sigmaPer, an unusable seed and images that are not finite', async () => {
    const images = tf.fill([1, 4, 4, 1], Number.NaN);
    const fn = 'paperNoise';
    // @ts-expect-error 'images' is not a choice
    const misspelt: PaperNoiseOptions = { sigmaPer: 'images' };
    await expectRefusal(() => paperNoise(images, misspelt), { code: 'INVALID_OPTION', fn, argument: 'sigmaPer' });
    await expectRefusal(() => paperNoise(images), { code: 'NON_FINITE', fn, argument: 'images' });
    await expectRefusal(() => paperNoise(images, { seed: Number.NaN }), {
      code: 'INVALID_OPTION',
      fn: 'createRng',
      argument: 'seed',
    });
    images.dispose();
  });

  test('refuses options that are neither an object nor a stream', async () => {
    const images = tf.ones([1, 4, 4, 1]);
    for (const options of [null, 3, 'uniform'])
      await expectRefusal(() => paperNoise(images, options as never), {
        code: 'INVALID_ARGUMENT',
        fn: 'paperNoise',
        argument: 'options',
      });
    images.dispose();
  });

  test('refuses a sigma that is not a pair', async () => {
    const images = tf.ones([1, 4, 4, 1]);
    for (const sigma of [2, null, '12', [1], [1, 2, 3], { 0: 1, 1: 2 }, ['', 2]])
      await expectRefusal(() => paperNoise(images, { sigma: sigma as never }), {
        code: 'INVALID_OPTION',
        fn: 'paperNoise',
        argument: 'sigma',
      });
    images.dispose();
  });
});

describe('paperSampler', () => {
  test('draws what paperNoise draws with the same options', async () => {
    const images = imagesOf([5, 6, 7, 2]);
    const options = { permutedFraction: 0.2, sigma: [1, 1], sigmaPer: 'batch' } as const;
    const expected = await values(paperNoise(images, { ...options, seed: 7 }));
    expect(await values(paperSampler(options)(images, createRng(7)))).toEqual(expected);
    images.dispose();
  });

  test('checks its options when it is made and the shape when it is used', async () => {
    const images = tf.ones([2, 3, 4, 1, 1]);
    await expectRefusal(() => paperSampler({ permutedFraction: 2 }), {
      code: 'INVALID_OPTION',
      fn: 'paperSampler',
      argument: 'permutedFraction',
    });
    await expectRefusal(() => paperSampler()(images, createRng(1)), {
      code: 'INVALID_SHAPE',
      fn: 'paperNoise',
      argument: 'images',
    });
    images.dispose();
  });
});
