import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import {
  gaussianLowPass,
  paperNoise,
  paperSampler,
  permutePixels,
  stretchContrast,
  uniformNoise,
} from '../../src/noise';
import { expectRefusal } from '../support/expectRefusal';
import { onBackend } from '../support/onBackend';

type Bounds = readonly [number, number];

const boxes: readonly Bounds[] = [
  [0, 1],
  [0, 255],
  [-1, 1],
  [0.1, 0.3],
  [-0.3, 0.7],
  [1000, 1000.001],
  [0, 1e-30],
  [-1e-38, 1e-38],
  [1e30, 2e30],
  [-1.7e38, 1.7e38],
];

/** Every function that makes noise, as a function of images that lie in the bounds. */
const samplers: readonly [name: string, (images: tf.Tensor, bounds: Bounds) => tf.Tensor][] = [
  ['uniformNoise', (images, bounds) => uniformNoise(images.shape, { bounds })],
  ['permutePixels', (images, bounds) => permutePixels(images, { bounds })],
  ['stretchContrast', (images, bounds) => stretchContrast(images, { bounds })],
  ['paperNoise', (images, bounds) => paperNoise(images, { bounds })],
  ['paperSampler', (images, bounds) => paperSampler({ bounds, sigmaPer: 'batch' })(images, createRng(1))],
  [
    'gaussianLowPass',
    (images, bounds) => (images.rank === 4 ? gaussianLowPass(images as tf.Tensor4D, 2, { bounds }) : images.clone()),
  ],
];

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  test.each(samplers)('%s keeps to its bounds, whichever they are, also compared in float64', async (_, draw) => {
    await onBackend(backend, async () => {
      for (const bounds of boxes)
        for (const shape of [
          [4, 5, 3, 2],
          [4, 6],
        ]) {
          const images = uniformNoise(shape, { seed: 2, bounds });
          const noise = draw(images, bounds);
          const values = await noise.data();
          expect(values.every((value) => value >= bounds[0] && value <= bounds[1])).toBe(true);
          tf.dispose([images, noise]);
        }
    });
  });

  test('rounding that the check of the images lets pass does not come out at the other end', async () => {
    await onBackend(backend, async () => {
      const images = tf.tensor2d([[-5e-7, 1 + 5e-7, 0.5, 0.25]]);
      for (const noise of [permutePixels(images), paperNoise(images, { permutedFraction: 1 })]) {
        expect([...(await noise.data())].sort()).toEqual([0, 0.25, 0.5, 1]);
        noise.dispose();
      }
      images.dispose();
    });
  });

  test('images that are almost constant for their box come out finite, with the contrast that float32 allows', async () => {
    await onBackend(backend, async () => {
      const images = tf.tensor2d([
        [0, 1e-38, 2e-38],
        [0, 1, 2],
      ]);
      const stretched = stretchContrast(images, { bounds: [0, 1e30] });
      const values = Array.from(await stretched.data(), (value) => value / 1e30);
      expect(values.slice(3).map((value) => Math.round(2 * value) / 2)).toEqual([0, 0.5, 1]);
      for (const value of values.slice(0, 3)) expect(value >= 0 && value <= 1 + 1e-7).toBe(true);
      tf.dispose([images, stretched]);
    });
  });
});

test('a sampler refuses what is no stream of random numbers', async () => {
  const images = tf.fill([1, 2], 0.5);
  for (const rng of [undefined, null, 1, Math.random])
    await expectRefusal(() => paperSampler()(images, rng as never), {
      code: 'INVALID_OPTION',
      fn: 'paperNoise',
      argument: 'rng',
    });
  images.dispose();
});
