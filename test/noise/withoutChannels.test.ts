import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import {
  gaussianLowPass,
  type PaperNoiseOptions,
  paperNoise,
  paperSampler,
  permutePixels,
  stretchContrast,
  uniformNoise,
} from '../../src/noise';
import { randomCrop, randomMirror } from '../../src/training';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { onBackend } from '../support/onBackend';

const FUNCTIONS: Readonly<Record<string, (images: tf.Tensor, seed: number) => tf.Tensor>> = {
  gaussianLowPass: (images) => gaussianLowPass(images, 1.3, { bounds: [-1, 1] }),
  permutePixels: (images, seed) => permutePixels(images, { seed, bounds: [-1, 1] }),
  stretchContrast: (images) => stretchContrast(images, { bounds: [-1, 1] }),
  paperNoise: (images, seed) => paperNoise(images, { seed, bounds: [-1, 1] }),
  'a sampler': (images, seed) => paperSampler({ bounds: [-1, 1], sigmaPer: 'batch' })(images, createRng(seed)),
  randomCrop: (images, seed) => randomCrop(images, { seed, padding: 2 }),
  randomMirror: (images, seed) => randomMirror(images, { seed }),
};

async function numbersOf(make: () => tf.Tensor): Promise<{ shape: number[]; values: number[] }> {
  const made = make();
  const values = Array.from(await made.data());
  made.dispose();
  return { shape: made.shape, values };
}

describe.each(['cpu', 'wasm'] as const)('images without an axis of channels, on %s', (backend) => {
  test.each(Object.entries(FUNCTIONS))('%s does to [B, H, W] what it does to [B, H, W, 1]', async (_, make) => {
    const shape = fc.tuple(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 12 }),
    );
    await onBackend(backend, () =>
      fc.assert(
        fc.asyncProperty(shape, fc.nat(1000), (sizes, seed) =>
          expectNoLeak(async () => {
            const flat = uniformNoise(sizes, { seed, bounds: [-1, 1] });
            const deep = tf.reshape(flat, [...sizes, 1]);
            const [without, with_] = [await numbersOf(() => make(flat, seed)), await numbersOf(() => make(deep, seed))];
            expect(without.shape).toEqual(sizes);
            expect(without.values).toEqual(with_.values);
            tf.dispose([flat, deep]);
          }),
        ),
        { numRuns: 20 },
      ),
    );
  });
});

test('with image: false paperNoise takes images for vectors: permuted and uniform values, none of them smoothed', async () => {
  const vectors = uniformNoise([6, 20], { seed: 3 });
  const options: PaperNoiseOptions = { seed: 4, image: false };
  const expected = await numbersOf(() => paperNoise(vectors, { seed: 4 }));
  for (const shape of [
    [6, 4, 5],
    [6, 2, 2, 5],
  ]) {
    const shaped = tf.reshape(vectors, shape);
    expect(await numbersOf(() => paperNoise(shaped, options))).toEqual({ shape, values: expected.values });
    expect((await numbersOf(() => paperNoise(shaped, { seed: 4 }))).values).not.toEqual(expected.values);
    shaped.dispose();
  }
  const wrong: PaperNoiseOptions = JSON.parse('{ "image": "no" }');
  await expectRefusal(() => paperNoise(vectors, wrong), {
    code: 'INVALID_OPTION',
    fn: 'paperNoise',
    argument: 'image',
  });
  vectors.dispose();
});
