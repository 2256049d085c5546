import { encode as encodePng } from 'fast-png';
import jpeg from 'jpeg-js';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/rng';
import { decodeImage, type ResizeMode } from '../../src/datasets';
import { byJpegJs, bySharp } from '../../src/datasets/decodeImage';
import { imageHeader } from '../../src/datasets/imageHeader';
import { expectRefusal } from '../support/expectRefusal';

/** Seeded colours that change slowly, so that JPEG keeps them nearly. */
function smooth(width: number, height: number, channels = 3): Uint8Array {
  return Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const [c, x, y] = [i % channels, Math.floor(i / channels) % width, Math.floor(i / channels / width)];
    return 128 + 60 * Math.sin(0.11 * x + c) + 60 * Math.cos(0.07 * y - c);
  });
}
const raw = (width: number, height: number, channels: 1 | 3 | 4 = 3) =>
  sharp(smooth(width, height, channels), { raw: { width, height, channels } });
const far = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));
const png = (width: number, height: number, data: Uint8Array, channels = 3) =>
  encodePng({ width, height, data, channels, depth: 8 });

describe('imageHeader reads format, size and orientation as libvips does', () => {
  it.each([
    ['PNG', () => raw(37, 21).png()],
    ['JPEG', () => raw(37, 21).jpeg()],
    ['progressive JPEG', () => raw(300, 21).jpeg({ progressive: true })],
    ['gray JPEG', () => raw(37, 21, 1).toColourspace('b-w').jpeg()],
    ['lossy WebP', () => raw(37, 21).webp()],
    ['lossless WebP', () => raw(37, 21).webp({ lossless: true })],
    ['WebP with alpha', () => raw(37, 21, 4).webp()],
    ...[1, 3, 6, 8].map(
      (orientation) =>
        [`JPEG turned as ${orientation}`, () => raw(37, 21).withMetadata({ orientation }).jpeg()] as const,
    ),
  ] as const)('%s', async (name, make) => {
    const file = await make().toBuffer();
    const { width, height, orientation = 1 } = await sharp(file).metadata();
    const format = /PNG|JPEG|WebP/.exec(name)![0];
    expect(imageHeader(file)).toEqual({ format, width, height, orientation });
    for (let end = 0; end < Math.min(file.length, 40); end++)
      expect(() => imageHeader(file.subarray(0, end))).not.toThrow();
  });
});

describe('decodeImage', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'sets a photograph of orientation %i upright, with jpeg-js as with sharp',
    async (orientation) => {
      const file = await raw(40, 24)
        .withMetadata({ orientation })
        .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
        .toBuffer();
      const [one, two] = [
        await bySharp({ default: sharp as never }, file),
        byJpegJs(jpeg, file, imageHeader(file)!.orientation),
      ];
      expect([one.height, one.width]).toEqual(orientation >= 5 ? [40, 24] : [24, 40]);
      expect([two.height, two.width]).toEqual([one.height, one.width]);
      expect(far(one.bytes, two.bytes)).toBeLessThan(6);
      if (orientation === 1) expect(far(one.bytes, smooth(40, 24))).toBeLessThan(6);
    },
  );

  it('gives gray as one channel, and colours of transparent parts as if opaque', async () => {
    const gray = await decodeImage(await raw(12, 8, 1).toColourspace('b-w').jpeg({ quality: 100 }).toBuffer());
    expect(gray.shape).toEqual([8, 12, 1]);
    expect(far(gray.pixels, smooth(12, 8, 1))).toBeLessThan(6);
    const data = Uint8Array.of(10, 20, 30, 0, 40, 50, 60, 255);
    expect(await decodeImage(png(2, 1, data, 4))).toEqual({
      shape: [1, 2, 3],
      pixels: Uint8Array.of(10, 20, 30, 40, 50, 60),
      transparent: true,
      deep: false,
    });
    const webp = await sharp(smooth(8, 8, 4), { raw: { width: 8, height: 8, channels: 4 } })
      .webp({ lossless: true, exact: true })
      .toBuffer();
    const { pixels, transparent } = await decodeImage(webp);
    expect(transparent).toBe(true);
    expect(Array.from(pixels)).toEqual(Array.from(smooth(8, 8, 4)).filter((_, i) => i % 4 < 3));
  });

  /** The mean of what a new pixel covers, in float64 and pixel by pixel; the image is constant in blocks, so both agree there. */
  const blocks = (width: number, height: number, side: number) => {
    const rng = createRng(4);
    const colours = Array.from({ length: Math.ceil(width / side) * Math.ceil(height / side) }, () =>
      Math.floor(256 * rng.uniform()),
    );
    const colour = (x: number, y: number) =>
      colours[Math.floor(y / side) * Math.ceil(width / side) + Math.floor(x / side)]!;
    return {
      colour,
      data: Uint8Array.from({ length: width * height }, (_, i) => colour(i % width, Math.floor(i / width))),
    };
  };
  it.each<[ResizeMode, number, number, (x: number, y: number) => [number, number] | undefined]>([
    // 600 x 400 to 20 x 20: the middle 400 x 400 in steps of 20; 13 rows between bars of 4 and 3; or 30 across and 20 down.
    ['cover', 600, 400, (x, y) => [100 + 20 * x + 10, 20 * y + 10]],
    ['contain', 600, 400, (x, y) => (y < 4 || y >= 17 ? undefined : [30 * x + 15, (400 / 13) * (y - 4) + 15])],
    ['stretch', 600, 400, (x, y) => [30 * x + 15, 20 * y + 10]],
    ['cover', 400, 600, (x, y) => [20 * x + 10, 100 + 20 * y + 10]],
  ])('brings an image to a size by %s from %i x %i', async (resize, width, height, from) => {
    const { colour, data } = blocks(width, height, 100);
    const { shape, pixels } = await decodeImage(png(width, height, data, 1), { size: [20, 20], resize });
    expect(shape).toEqual([20, 20, 1]);
    let compared = 0;
    for (let y = 0; y < 20; y++)
      for (let x = 0; x < 20; x++) {
        const source = from(x, y);
        if (source === undefined) {
          expect(pixels[20 * y + x]).toBe(0);
          continue;
        }
        // Away from edges of blocks the weights do not matter.
        if (source.some((at) => at % 100 < 45 || at % 100 > 55)) continue;
        compared++;
        expect(pixels[20 * y + x]).toBe(colour(...source));
      }
    expect(compared).toBeGreaterThan(3);
  });

  it('leaves an image of the size that is asked for as it is', async () => {
    const data = smooth(9, 7);
    expect((await decodeImage(png(9, 7, data), { size: [7, 9] })).pixels).toEqual(data);
  });

  it('keeps the mean of a large photograph, whose pixels are all looked at', async () => {
    const rng = createRng(2);
    const noise = Uint8Array.from({ length: 500 * 500 }, () => 256 * rng.uniform());
    const { pixels } = await decodeImage(png(500, 500, noise, 1), { size: [10, 10] });
    expect(far(pixels, new Uint8Array(100).fill(127))).toBeLessThan(16);
  });

  const refused = { code: 'INVALID_DATA', fn: 'decodeImage', argument: 'file' } as const;
  it.each<[string, () => Promise<Uint8Array> | Uint8Array]>([
    [
      'a PNG',
      () => {
        const file = png(4, 4, smooth(4, 4));
        new DataView(file.buffer, file.byteOffset).setUint32(16, 20_000);
        new DataView(file.buffer, file.byteOffset).setUint32(20, 20_000);
        return file;
      },
    ],
    [
      'a JPEG',
      async () => {
        const file = await raw(16, 16).jpeg().toBuffer();
        const at = file.indexOf(Uint8Array.of(0xff, 0xc0));
        file.writeUInt16BE(20_000, at + 5);
        file.writeUInt16BE(20_000, at + 7);
        return file;
      },
    ],
    [
      'a WebP',
      async () => {
        const file = await raw(16, 16, 4).webp().toBuffer();
        file.writeUIntLE(19_999, 24, 3);
        file.writeUIntLE(19_999, 27, 3);
        return file;
      },
    ],
  ])('refuses %s of 20,000 x 20,000 pixels by its header', async (_, make) => {
    const file = await make();
    await expectRefusal(() => decodeImage(file), refused);
    await expect(decodeImage(file)).rejects.toThrow('20000 x 20000. Make it smaller first');
  });

  it('refuses what is damaged or not an image in a sentence', async () => {
    const file = await raw(200, 200).jpeg().toBuffer();
    for (const bad of [
      file.subarray(0, 1000),
      png(9, 9, smooth(9, 9)).subarray(0, 60),
      (await raw(99, 99).webp().toBuffer()).subarray(0, 500),
    ])
      await expect(decodeImage(bad)).rejects.toThrow(/to be a whole (?:JPEG|PNG|WebP) file, .* Copy it again/s);
    await expectRefusal(() => decodeImage(new Uint8Array(0)), refused);
    await expectRefusal(() => decodeImage(Buffer.from('GIF89a')), refused);
    await expectRefusal(() => decodeImage(file, { size: [0, 3] }), {
      ...refused,
      code: 'INVALID_OPTION',
      argument: 'size',
    });
    await expectRefusal(() => decodeImage(file, { resize: 'crop' as never }), {
      ...refused,
      code: 'INVALID_OPTION',
      argument: 'resize',
    });
    await expectRefusal(() => decodeImage(file, { fit: 'cover' } as never), {
      ...refused,
      code: 'INVALID_OPTION',
      argument: 'options',
    });
  });
});
