import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { parseSvhn } from '../../src/datasets';
import { expectRefusal } from '../support/expectRefusal';
import { numpyFile } from './fixtures/numpyFiles';
import { flip, survives } from './survives';

const bad = { code: 'INVALID_DATA', fn: 'parseSvhn', argument: 'bytes' } as const;

/** The images of write.py: index of (row, column, channel, image) in row-major order of [32, 32, 3, count]. */
const pixel = (row: number, column: number, channel: number, image: number, count: number) => {
  const index = ((row * 32 + column) * 3 + channel) * count + image;
  return (7 * index + (index >> 5)) % 256;
};

const expected = (count: number) =>
  Uint8Array.from({ length: count * 3072 }, (_, i) =>
    pixel(Math.floor(i / 96) % 32, Math.floor(i / 3) % 32, i % 3, Math.floor(i / 3072), count),
  );

describe('parseSvhn', () => {
  it('reads compressed images and labels that SciPy wrote, label 10 as digit 0, other variables passed over', async () => {
    expect(await parseSvhn(numpyFile('svhn'))).toEqual({
      shape: [3, 32, 32, 3],
      pixels: expected(3),
      labels: new Int32Array([0, 1, 9]),
    });
  });

  it('reads an uncompressed file of one image, whose last axis MATLAB drops, with labels as float64', async () => {
    expect(await parseSvhn(numpyFile('svhnPlain'))).toEqual({
      shape: [1, 32, 32, 3],
      pixels: expected(1),
      labels: new Int32Array([3]),
    });
  });

  it.each([
    ['two images and one label', 'svhnUnpaired', '"y"'],
    ['label 11', 'svhnBadLabel', '"y"'],
    ['gray images', 'svhnGray', '"X"'],
    ['no images', 'svhnNoImages', '"X"'],
  ])('refuses %s and names the array', async (_, name, array) => {
    await expectRefusal(() => parseSvhn(numpyFile(name)), bad);
    await expect(parseSvhn(numpyFile(name))).rejects.toThrow(array);
  });

  it('refuses every prefix of a file', async () => {
    const file = numpyFile('svhn');
    const lengths = [...Array(300).keys(), ...Array.from({ length: 100 }, (_, i) => file.length - 1 - i)];
    for (const n of lengths) await expectRefusal(() => parseSvhn(file.slice(0, n)), bad);
  });

  it('makes a flipped bit visible: refused, or of no effect on the result', async () => {
    const file = numpyFile('svhn');
    const want = await parseSvhn(file);
    // The header of 128 bytes has no checksum, and the bits that fill the last byte of a zlib stream carry no information.
    const anyBit = fc.integer({ min: 8 * 128, max: 8 * file.length - 1 });
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(anyBit, async (bit) => {
        const got = await survives(() => parseSvhn(flip(file, bit)));
        if (got === 'refused') refused++;
        else expect(got).toEqual(want);
      }),
      { numRuns: 250, seed: 11 },
    );
    expect(refused).toBeGreaterThan(150);
  });

  it('survives any change of an uncompressed file, where there is no checksum', async () => {
    const file = numpyFile('svhnPlain');
    const change = fc.array(fc.tuple(fc.integer({ min: 124, max: 200 }), fc.nat(255)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(change, async (changes) => {
        const changed = file.slice();
        for (const [at, byte] of changes) changed[at] = byte;
        await survives(() => parseSvhn(changed));
      }),
      { numRuns: 250 },
    );
  });

  it('stops inflating where more comes than the array says', async () => {
    const zeros = Buffer.alloc(10_000_000);
    zeros.writeUInt32LE(14, 0);
    zeros.writeUInt32LE(16, 4);
    const packed = deflateSync(zeros);
    const tag = Buffer.alloc(8);
    tag.writeUInt32LE(15, 0);
    tag.writeUInt32LE(packed.length, 4);
    const bomb = new Uint8Array(Buffer.concat([numpyFile('svhn').subarray(0, 128), tag, packed]));
    const read = vi.spyOn(ReadableStreamDefaultReader.prototype, 'read');
    try {
      await expectRefusal(() => parseSvhn(bomb), bad);
      expect(read.mock.calls.length).toBeLessThan(10);
    } finally {
      read.mockRestore();
    }
  });

  it.each([
    ['no bytes', new Uint8Array()],
    ['an HTML page', new TextEncoder().encode('<!DOCTYPE html>'.repeat(20))],
    ['big-endian files', numpyFile('svhn').map((byte, i) => (i === 126 ? 0x4d : i === 127 ? 0x49 : byte))],
  ])('refuses %s', async (_, file) => {
    await expectRefusal(() => parseSvhn(file), bad);
  });

  it('refuses what is no Uint8Array', async () => {
    await expectRefusal(() => parseSvhn('test_32x32.mat' as never), { ...bad, code: 'INVALID_ARGUMENT' });
  });
});
