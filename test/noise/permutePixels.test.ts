import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import { permutePixels, uniformNoise } from '../../src/noise';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { onBackend } from '../support/onBackend';

/** The pixels of every image, each as the text of its channels. */
async function pixels(images: tf.Tensor): Promise<string[][]> {
  const channels = images.shape[3] ?? 1;
  const values = Array.from(await images.data());
  const texts = Array.from({ length: values.length / channels }, (_, p) =>
    values.slice(p * channels, (p + 1) * channels).join(),
  );
  const perImage = texts.length / images.shape[0]!;
  return Array.from({ length: images.shape[0]! }, (_, i) => texts.slice(i * perImage, (i + 1) * perImage));
}

const sorted = (texts: readonly string[]) => [...texts].sort();

describe('permutePixels', () => {
  test('keeps the multiset of pixels of every image, channels together, for any shape', async () => {
    const size = fc.integer({ min: 1, max: 9 });
    const channels = fc.integer({ min: 1, max: 4 });
    const shapes = fc.oneof(fc.tuple(size, size, size, channels), fc.tuple(size, size));
    await fc.assert(
      fc.asyncProperty(shapes, fc.integer(), async (shape, seed) => {
        const images = uniformNoise(shape, { seed: `${seed} images` });
        const permuted = permutePixels(images, { seed });
        expect(permuted.shape).toEqual(shape);
        expect((await pixels(permuted)).map(sorted)).toEqual((await pixels(images)).map(sorted));
        tf.dispose([images, permuted]);
      }),
      { numRuns: 60 },
    );
  });

  test('moves pixel order[p] of image i to position p, with one order per image in turn', async () => {
    const images = uniformNoise([3, 4, 5, 2], { seed: 1 });
    const permuted = permutePixels(images, { rng: createRng(8) });
    const rng = createRng(8);
    const expected = (await pixels(images)).map((image) => Array.from(rng.permutation(20), (from) => image[from]!));
    expect(await pixels(permuted)).toEqual(expected);
    tf.dispose([images, permuted]);
  });

  test('sends a pixel to every position equally often', async () => {
    const copies = 6000;
    const image = tf.tile(tf.tensor2d([[0, 0.25, 0.5, 0.75, 1]]), [copies, 1]);
    const permuted = permutePixels(image, { seed: 5 });
    const seen = await permuted.data();
    for (let from = 0; from < 5; from++)
      for (let to = 0; to < 5; to++) {
        let count = 0;
        for (let i = 0; i < copies; i++) if (seen[i * 5 + to] === from / 4) count++;
        // Five standard deviations of a binomial with p = 1/5.
        expect(Math.abs(count - copies / 5)).toBeLessThan(5 * Math.sqrt(copies * 0.16));
      }
    tf.dispose([image, permuted]);
  });

  test('the same seed gives the same order, another seed another, and a stream moves on', async () => {
    const images = uniformNoise([1, 8, 8, 1], { seed: 1 });
    const draw = async (options: Parameters<typeof permutePixels>[1]) => {
      const permuted = permutePixels(images, options);
      const read = await permuted.data();
      permuted.dispose();
      return read;
    };
    const rng = createRng(1);
    const first = await draw({ rng });
    expect(await draw({ seed: 1 })).toEqual(first);
    expect(await draw({ rng })).not.toEqual(first);
    expect(await draw({ seed: 2 })).not.toEqual(first);
    images.dispose();
  });

  test('is the same on the cpu and wasm backends', async () => {
    const draw = async () => {
      const images = uniformNoise([5, 9, 7, 3], { seed: 2 });
      const permuted = permutePixels(images, { seed: 3 });
      const read = await permuted.data();
      tf.dispose([images, permuted]);
      return read;
    };
    expect(await onBackend('wasm', draw)).toEqual(await onBackend('cpu', draw));
  });

  test('takes int32 images within their bounds and returns float32', async () => {
    const images = tf.tensor2d([[0, 255, 3]], [1, 3], 'int32');
    const permuted = permutePixels(images, { bounds: [0, 255] });
    expect(permuted.dtype).toBe('float32');
    expect(Array.from(await permuted.data()).sort()).toEqual([0, 255, 3]);
    tf.dispose([images, permuted]);
  });

  test('leaves nothing behind but its result', async () => {
    const images = uniformNoise([2, 4, 4, 3]);
    await expectNoLeak(() => tf.dispose(permutePixels(images)));
    images.dispose();
  });

  test.each([
    ['images', 'INVALID_SHAPE', [1, 1, 2, 2, 1], [0, 0, 0, 0], {}],
    ['images', 'EMPTY_INPUT', [0, 2], [], {}],
    ['images', 'NON_FINITE', [1, 2], [0, Number.NaN], {}],
    ['images', 'NON_FINITE', [1, 2], [0, Number.POSITIVE_INFINITY], {}],
    ['images', 'OUT_OF_BOUNDS', [1, 2], [0, 1.01], {}],
    ['images', 'OUT_OF_BOUNDS', [1, 2], [0, 1], { bounds: [0.5, 1] }],
    ['bounds', 'INVALID_OPTION', [1, 2], [0, 1], { bounds: [1, 0] }],
  ] as const)('refuses wrong %s (%s), shape %j of %j', async (argument, code, shape, values, options) => {
    const images = tf.tensor([...values], [...shape]);
    await expectRefusal(() => permutePixels(images, options), { code, fn: 'permutePixels', argument });
    images.dispose();
  });

  test('refuses what is no live numeric tensor', async () => {
    const refusal = { code: 'INVALID_ARGUMENT', fn: 'permutePixels', argument: 'images' } as const;
    const disposed = tf.zeros([1, 2]);
    disposed.dispose();
    const flags = tf.tensor2d([[1, 0]], [1, 2], 'bool');
    await expectRefusal(() => permutePixels(disposed), refusal);
    await expectRefusal(() => permutePixels(flags), refusal);
    // @ts-expect-error an array is not a tensor
    await expectRefusal(() => permutePixels([[0, 1]]), refusal);
    flags.dispose();
  });
});
