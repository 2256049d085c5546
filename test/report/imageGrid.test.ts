import fc from 'fast-check';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { imageGrid } from '../../src/report';
import { expectRefusal } from '../support/expectRefusal';

const row = { label: '', images: [0.5], count: 1, height: 1, width: 1, channels: 1 };

describe('imageGrid', () => {
  it('puts every pixel of every image in its place, for any sizes', async () => {
    const size = fc.integer({ min: 1, max: 5 });
    await fc.assert(
      fc.asyncProperty(size, size, size, fc.constantFrom(1, 3), size, async (count, height, width, channels, scale) => {
        const at = (i: number, y: number, x: number, c: number) => ((i * 83 + y * 31 + x * 17 + c * 7) % 256) / 255;
        const images: number[] = [];
        for (let i = 0; i < count; i++)
          for (let y = 0; y < height; y++)
            for (let x = 0; x < width; x++) for (let c = 0; c < channels; c++) images.push(at(i, y, x, c));
        const png = decode(await imageGrid({ rows: [{ label: '', images, count, height, width, channels }], scale }));
        // Without a label: a gap of 4, the label's gap of 4, then images with a gap of 4 after each.
        expect(png.width).toBe(8 + count * (width * scale + 4));
        for (let i = 0; i < count; i++)
          for (let y = 0; y < height * scale; y++)
            for (let x = 0; x < width * scale; x++)
              for (let c = 0; c < 3; c++) {
                const pixel = (4 + y) * png.width + 8 + i * (width * scale + 4) + x;
                const value = at(i, Math.floor(y / scale), Math.floor(x / scale), channels === 3 ? c : 0);
                expect(png.data[4 * pixel + c]).toBe(Math.round(255 * value));
                expect(png.data[4 * pixel + 3]).toBe(255);
              }
      }),
      { numRuns: 25 },
    );
  });

  it('writes the label in dots, letter by letter', async () => {
    const { width, data } = decode(await imageGrid({ rows: [{ ...row, label: 'LT' }] }));
    const dot = (x: number, y: number) => (data[4 * ((4 + 2 * y) * width + 4 + 2 * x)]! < 128 ? '#' : '.');
    const picture = Array.from({ length: 7 }, (_, y) => Array.from({ length: 11 }, (__, x) => dot(x, y)).join(''));
    expect(picture).toEqual([
      '#.....#####',
      '#.......#..',
      '#.......#..',
      '#.......#..',
      '#.......#..',
      '#.......#..',
      '#####...#..',
    ]);
  });

  it('draws a box for letters that it lacks, and makes room for the longest label', async () => {
    const short = decode(await imageGrid({ rows: [row, { ...row, label: 'ab' }] }));
    const long = decode(await imageGrid({ rows: [row, { ...row, label: 'ε\u{1F600}xyz' }] }));
    expect(long.width - short.width).toBe(3 * 12);
  });

  it('writes a caption under each image, no longer than there is room until the next', async () => {
    const images = { label: '', images: Array<number>(2 * 6).fill(1), count: 2, height: 1, width: 6, channels: 1 };
    const plain = decode(await imageGrid({ rows: [images] }));
    const { width, height, data } = decode(await imageGrid({ rows: [{ ...images, captions: ['LL', 'T'] }] }));
    expect([width, height]).toEqual([plain.width, plain.height + 4 + 7 * 2 + 4 - (7 * 2 - 2)]);
    const dot = (x: number, y: number) => (data[4 * ((10 + 2 * y) * width + 8 + 2 * x)]! < 128 ? '#' : '.');
    const picture = Array.from({ length: 7 }, (_, y) => Array.from({ length: 13 }, (__, x) => dot(x, y)).join(''));
    expect(picture).toEqual([
      '#.......#####',
      '#.........#..',
      '#.........#..',
      '#.........#..',
      '#.........#..',
      '#.........#..',
      '#####.....#..',
    ]);
  });

  it('lets the page through beside images and letters, and its letters can be read on white and on black', async () => {
    const { width, data } = decode(await imageGrid({ rows: [{ ...row, label: 'L' }] }));
    expect(data[3]).toBe(0);
    const [level, , , opacity] = data.slice(4 * (4 * width + 4));
    const light = ((level! / 255 + 0.055) / 1.055) ** 2.4;
    expect(opacity).toBe(255);
    expect(1.05 / (light + 0.05)).toBeGreaterThan(4.5);
    expect((light + 0.05) / 0.05).toBeGreaterThan(4.5);
  });

  it('shows the bounds as black and white and clips what lies beyond', async () => {
    const images = [-1, 0, 1, 5];
    const png = decode(await imageGrid({ rows: [{ ...row, images, width: 4 }], bounds: [-1, 1], scale: 1 }));
    expect([0, 1, 2, 3].map((x) => png.data[4 * (4 * png.width + 8 + x)])).toEqual([0, 128, 255, 255]);
  });

  it.each([
    ['rows', 'EMPTY_INPUT', { rows: [] }],
    ['rows', 'EMPTY_INPUT', { rows: undefined }],
    ['label', 'INVALID_OPTION', { rows: [{ ...row, label: 3 }] }],
    ['captions', 'INVALID_OPTION', { rows: [{ ...row, captions: [1] }] }],
    ['captions', 'INVALID_OPTION', { rows: [{ ...row, captions: ['a', 'b'] }] }],
    ['count', 'INVALID_OPTION', { rows: [{ ...row, count: 0 }] }],
    ['height', 'INVALID_OPTION', { rows: [{ ...row, height: 1.5 }] }],
    ['width', 'INVALID_OPTION', { rows: [{ ...row, width: -1 }] }],
    ['channels', 'INVALID_OPTION', { rows: [{ ...row, channels: 2 }] }],
    ['images', 'INVALID_SHAPE', { rows: [{ ...row, images: [1, 2] }] }],
    ['images', 'NON_FINITE', { rows: [{ ...row, images: [Number.NaN] }] }],
    ['scale', 'INVALID_OPTION', { rows: [row], scale: 0 }],
    ['bounds', 'INVALID_OPTION', { rows: [row], bounds: [1, 1] }],
  ] as const)('refuses a bad %s with %s', async (argument, code, options) => {
    await expectRefusal(() => imageGrid(options as never), { code, fn: 'imageGrid', argument });
  });
});
