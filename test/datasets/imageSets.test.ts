import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ImageSet,
  type NumericArray,
  resize,
  toGray,
  toImageSet,
  transposeImages,
  unitPixels,
} from '../../src/datasets';
import { expectRefusal } from '../support/expectRefusal';

const row = (...pixels: number[]): ImageSet => ({ shape: [1, 1, pixels.length, 1], pixels: Uint8Array.from(pixels) });
const column = (...pixels: number[]): ImageSet => ({
  shape: [1, pixels.length, 1, 1],
  pixels: Uint8Array.from(pixels),
});
const bytes = (shape: readonly number[], values: readonly number[]): NumericArray => ({
  dtype: 'uint8',
  shape,
  data: Uint8Array.from(values),
});

const images = fc
  .tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 7 }),
    fc.integer({ min: 1, max: 7 }),
    fc.constantFrom(1, 3),
  )
  .chain((shape) => {
    const size = shape.reduce((a, b) => a * b);
    return fc.uint8Array({ minLength: size, maxLength: size }).map((pixels): ImageSet => ({ shape, pixels }));
  });

/** The definition of the two methods, one new pixel at a time, both axes at once. */
function byDefinition(
  { shape, pixels }: ImageSet,
  height: number,
  width: number,
  method: 'bilinear' | 'area',
): number[] {
  const [count, oldHeight, oldWidth, channels] = shape;
  const weight = (i: number, j: number, scale: number) =>
    method === 'area'
      ? Math.max(0, Math.min(j + 1, (i + 1) * scale) - Math.max(j, i * scale))
      : Math.max(0, 1 - Math.abs(j + 0.5 - (i + 0.5) * scale) / Math.max(1, scale));
  return Array.from({ length: count * height * width * channels }, (_, place) => {
    const [n, y, x, c] = [
      Math.floor(place / (height * width * channels)),
      Math.floor(place / (width * channels)) % height,
      Math.floor(place / channels) % width,
      place % channels,
    ];
    let [sum, total] = [0, 0];
    for (let v = 0; v < oldHeight; v++)
      for (let u = 0; u < oldWidth; u++) {
        const w = weight(y, v, oldHeight / height) * weight(x, u, oldWidth / width);
        total += w;
        sum += w * pixels[((n * oldHeight + v) * oldWidth + u) * channels + c]!;
      }
    return sum / total;
  });
}

describe('toImageSet', () => {
  it('takes labels [N, 1], as Keras saves them, and no other second axis', async () => {
    const two = bytes([2, 1, 1], [5, 6]);
    expect(toImageSet(two, bytes([2, 1], [3, 4])).labels).toEqual(new Int32Array([3, 4]));
    for (const shape of [[1, 2], [2, 1, 1], [2, 2], []])
      await expectRefusal(
        () =>
          toImageSet(
            two,
            bytes(
              shape,
              [0, 1, 0, 1].slice(
                0,
                shape.reduce((a, b) => a * b, 1),
              ),
            ),
          ),
        {
          code: 'INVALID_DATA',
          fn: 'toImageSet',
          argument: 'labels',
        },
      );
  });

  it('refuses images with their channels first, and says how to turn them', () => {
    for (const shape of [
      [1, 3, 8, 8],
      [1, 1, 8, 8],
    ])
      expect(() => toImageSet(bytes(shape, new Array(shape.reduce((a, b) => a * b)).fill(0)))).toThrow(
        /channel.* first\. Transpose/,
      );
    expect(toImageSet(bytes([1, 3, 3, 4], new Array(36).fill(0))).shape).toEqual([1, 3, 3, 4]);
  });

  it('gives gray images one channel and keeps channels that are there', () => {
    expect(toImageSet(bytes([1, 1, 2], [5, 6]), bytes([1], [7]))).toEqual({
      shape: [1, 1, 2, 1],
      pixels: new Uint8Array([5, 6]),
      labels: new Int32Array([7]),
    });
    expect(toImageSet(bytes([1, 1, 1, 3], [1, 2, 3]))).toEqual({
      shape: [1, 1, 1, 3],
      pixels: new Uint8Array([1, 2, 3]),
    });
  });

  it('takes whole labels of any type', () => {
    const labels: NumericArray = { dtype: 'int64', shape: [1], data: new Float64Array([300]) };
    expect(toImageSet(bytes([1, 1, 1], [0]), labels).labels).toEqual(new Int32Array([300]));
  });

  it.each([
    ['labels for images', 'images', bytes([2], [1, 2]), bytes([2], [1, 2])],
    ['images of float32', 'images', { dtype: 'float32', shape: [1, 1, 1], data: new Float32Array(1) }, undefined],
    ['too few labels', 'labels', bytes([2, 1, 1], [1, 2]), bytes([1], [1])],
    ['images for labels', 'labels', bytes([2, 1, 1], [1, 2]), bytes([2, 1, 1], [1, 2])],
    ['negative labels', 'labels', bytes([1, 1, 1], [1]), { dtype: 'int8', shape: [1], data: new Int8Array([-1]) }],
    ['broken labels', 'labels', bytes([1, 1, 1], [1]), { dtype: 'float32', shape: [1], data: new Float32Array([0.5]) }],
  ] as const)('refuses %s', async (_, argument, some, labels) => {
    await expectRefusal(() => toImageSet(some, labels), { code: 'INVALID_DATA', fn: 'toImageSet', argument });
  });
});

describe('resize', () => {
  it('bilinear: interpolates between pixel centres at halves, and repeats the edge', () => {
    expect([...resize(row(0, 100), { height: 1, width: 4 }).pixels]).toEqual([0, 25, 75, 100]);
    expect([...resize(column(0, 100), { height: 4, width: 1 }).pixels]).toEqual([0, 25, 75, 100]);
  });

  it('bilinear: widens its triangle where an image shrinks, so that no pixel is skipped', () => {
    // By hand, with scale 2: (3 * 70 + 3 * 0 + 140) / 7 and (0 + 3 * 140 + 3 * 0) / 7.
    expect([...resize(row(70, 0, 140, 0), { height: 1, width: 2 }).pixels]).toEqual([50, 60]);
  });

  it('area: takes the mean of the covered rectangle, parts of pixels included', () => {
    expect([...resize(row(0, 10, 20, 30), { height: 1, width: 2, method: 'area' }).pixels]).toEqual([5, 25]);
    expect([...resize(row(0, 90, 30), { height: 1, width: 2, method: 'area' }).pixels]).toEqual([30, 50]);
  });

  it('is its definition, whatever the sizes', () => {
    fc.assert(
      fc.property(
        images,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom('bilinear', 'area'),
        (set, height, width, method) => {
          const got = resize(set, { height, width, method });
          expect(got.shape).toEqual([set.shape[0], height, width, set.shape[3]]);
          const want = byDefinition(set, height, width, method);
          expect(got.pixels.length).toBe(want.length);
          for (const [i, value] of want.entries()) expect(Math.abs(got.pixels[i]! - value)).toBeLessThan(0.5 + 1e-9);
        },
      ),
    );
  });

  it('changes nothing where the size stays, and keeps labels', () => {
    const set = { ...row(3, 1, 4), labels: new Int32Array([5]) };
    for (const method of ['bilinear', 'area'] as const)
      expect(resize(set, { height: 1, width: 3, method })).toEqual(set);
  });

  it.each([
    ['height', { height: 0, width: 1 }],
    ['width', { height: 1, width: 1.5 }],
    ['method', { height: 1, width: 1, method: 'nearest' as never }],
  ])('refuses a bad %s', async (argument, options) => {
    await expectRefusal(() => resize(row(1), options), { code: 'INVALID_OPTION', fn: 'resize', argument });
  });
});

describe('toGray', () => {
  const colour: ImageSet = {
    shape: [1, 1, 2, 3],
    pixels: new Uint8Array([30, 60, 91, 255, 255, 255]),
    labels: new Int32Array([1]),
  };

  it('takes the mean of red, green and blue, rounded', () => {
    expect(toGray(colour)).toEqual({
      shape: [1, 1, 2, 1],
      pixels: new Uint8Array([60, 255]),
      labels: new Int32Array([1]),
    });
  });

  it('weighs the colours as asked', () => {
    expect([...toGray(colour, { weights: [0.299, 0.587, 0.114] }).pixels]).toEqual([
      Math.round(0.299 * 30 + 0.587 * 60 + 0.114 * 91),
      255,
    ]);
    expect([...toGray(colour, { weights: [0, 0, 1] }).pixels]).toEqual([91, 255]);
  });

  it.each([[[1, 1, 1]], [[2, -1, 0]], [[0.5, 0.5]], [[Number.NaN, 0, 1]]])(
    'refuses the weights %j',
    async (weights) => {
      await expectRefusal(() => toGray(colour, { weights: weights as never }), {
        code: 'INVALID_OPTION',
        fn: 'toGray',
        argument: 'weights',
      });
    },
  );

  it('refuses gray images', async () => {
    await expectRefusal(() => toGray(row(1)), { code: 'INVALID_ARGUMENT', fn: 'toGray', argument: 'images' });
  });
});

describe('transposeImages', () => {
  it('exchanges rows and columns of every image and keeps channels together', () => {
    const set: ImageSet = { shape: [2, 1, 2, 2], pixels: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]) };
    expect(transposeImages(set)).toEqual({ ...set, shape: [2, 2, 1, 2] });
    expect([...transposeImages({ shape: [1, 2, 3, 1], pixels: new Uint8Array([1, 2, 3, 4, 5, 6]) }).pixels]).toEqual([
      1, 4, 2, 5, 3, 6,
    ]);
  });

  it('is its own inverse', () => {
    fc.assert(fc.property(images, (set) => void expect(transposeImages(transposeImages(set))).toEqual(set)));
  });
});

describe('unitPixels', () => {
  it('divides by 255, or by the brightest value of the set', () => {
    expect([...unitPixels(row(0, 51, 255))]).toEqual([0, Math.fround(0.2), 1]);
    expect([...unitPixels(row(0, 4, 16), { brightest: 16 })]).toEqual([0, 0.25, 1]);
  });

  it('refuses what is no image set, as all functions of image sets do', async () => {
    const bad = { shape: [1, 2, 2, 1], pixels: new Uint8Array(3) } as ImageSet;
    const refusal = (fn: string) => ({ code: 'INVALID_ARGUMENT', fn, argument: 'images' }) as const;
    await expectRefusal(() => unitPixels(bad), refusal('unitPixels'));
    await expectRefusal(() => resize(bad, { height: 1, width: 1 }), refusal('resize'));
    await expectRefusal(() => toGray(undefined as never), refusal('toGray'));
    await expectRefusal(() => transposeImages({ ...bad, shape: [3] as never }), refusal('transposeImages'));
    await expectRefusal(() => unitPixels(row(1), { brightest: 0 }), {
      code: 'INVALID_OPTION',
      fn: 'unitPixels',
      argument: 'brightest',
    });
  });
});
