import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { createRng, paperSchedule, randomCrop, randomMirror } from '../../src/index';
import { expectNoLeak } from '../support/expectNoLeak';

/** Images whose pixels are all different and not zero. */
const numbered = (count: number, size: number) =>
  tf.reshape(tf.range(1, count * size * size + 1), [count, size, size, 1]) as tf.Tensor4D;

describe('randomCrop', () => {
  it('shifts each image by whole pixels, at most the padding, and fills with zeros', async () => {
    const images = numbered(300, 5);
    const cropped = randomCrop(images, { padding: 2, seed: 1 }) as tf.Tensor4D;
    const [before, after] = [await images.array(), await cropped.array()];
    const shifts = new Set<string>();
    after.forEach((image, i) => {
      const explained: string[] = [];
      for (let dy = -2; dy <= 2; dy++)
        for (let dx = -2; dx <= 2; dx++) {
          const fits = image.every((row, r) => row.every(([v], c) => v === (before[i]![r + dy]?.[c + dx]?.[0] ?? 0)));
          if (fits) explained.push(`${dy},${dx}`);
        }
      expect(explained.length).toBe(1);
      shifts.add(explained[0]!);
    });
    // Every one of the 5 x 5 shifts, the first and the last of each axis included.
    expect(shifts.size).toBe(25);
    tf.dispose([images, cropped]);
  });

  it('is the identity without padding, repeats for a seed and leaks nothing', async () => {
    const images = numbered(3, 4);
    await expectNoLeak(async () => {
      const [same, a, b] = [
        randomCrop(images, { padding: 0 }),
        randomCrop(images, { seed: 2 }),
        randomCrop(images, { rng: createRng(2) }),
      ];
      expect(await same.data()).toEqual(await images.data());
      expect(await a.data()).toEqual(await b.data());
      tf.dispose([same, a, b]);
    });
  });
});

describe('randomMirror', () => {
  it('mirrors about half of the images left to right and leaves the others', async () => {
    const images = numbered(200, 3);
    const mirrored = await expectNoLeak(async () => {
      const result = randomMirror(images, { seed: 4 }) as tf.Tensor4D;
      const values = await result.array();
      result.dispose();
      return values;
    });
    const before = await images.array();
    const flipped = mirrored.filter((image, i) => {
      const reversed = before[i]!.map((row) => [...row].reverse());
      const isFlipped = JSON.stringify(image) === JSON.stringify(reversed);
      expect(isFlipped || JSON.stringify(image) === JSON.stringify(before[i])).toBe(true);
      return isFlipped;
    });
    expect(flipped.length).toBeGreaterThan(70);
    expect(flipped.length).toBeLessThan(130);
  });
});

describe('paperSchedule', () => {
  it('divides by 10 at 50, 75 and 90 of 100 epochs, not before', () => {
    const at = (epoch: number) => paperSchedule(epoch / 100);
    expect([0, 49, 50, 74, 75, 89, 90, 99].map(at)).toEqual([1, 1, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001]);
  });
});
