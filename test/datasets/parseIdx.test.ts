import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { parseIdx } from '../../src/datasets';
import { expectRefusal } from '../support/expectRefusal';
import { flip, survives } from './survives';

/** An IDX header, written byte by byte. */
const header = (type: number, shape: readonly number[]) => {
  const bytes = Buffer.alloc(4 + 4 * shape.length);
  bytes[2] = type;
  bytes[3] = shape.length;
  for (const [i, size] of shape.entries()) bytes.writeUInt32BE(size, 4 + 4 * i);
  return bytes;
};

const idx = (type: number, shape: readonly number[], body: readonly number[] | Uint8Array) =>
  new Uint8Array(Buffer.concat([header(type, shape), Uint8Array.from(body)]));

const bad = { code: 'INVALID_DATA', fn: 'parseIdx', argument: 'bytes' } as const;

describe('parseIdx', () => {
  it.each([
    ['uint8', 8, [0, 127, 128, 255], new Uint8Array([0, 127, 128, 255])],
    ['int8', 9, [0, 127, 128, 255], new Int8Array([0, 127, -128, -1])],
    ['int16', 11, [0x01, 0x02, 0xff, 0xfe], new Int16Array([258, -2])],
    ['int32', 12, [0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff], new Int32Array([256, -1])],
    ['float32', 13, [0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0], new Float32Array([1, -2.5])],
    ['float64', 14, [0x3f, 0xf8, 0, 0, 0, 0, 0, 0], new Float64Array([1.5])],
  ])('reads %s, big-endian, plain and gzipped', async (dtype, type, body, data) => {
    const file = idx(type, [data.length], body);
    const want = { dtype, shape: [data.length], data };
    expect(await parseIdx(file)).toEqual(want);
    expect(await parseIdx(new Uint8Array(gzipSync(file)))).toEqual(want);
  });

  it('reads any shape back, wherever the bytes lie in their buffer', async () => {
    const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(shapes, fc.boolean(), fc.nat(9), async (shape, zipped, offset) => {
        const size = shape.reduce((a, b) => a * b, 1);
        const body = Uint8Array.from({ length: size }, (_, i) => (i * 37) % 256);
        const file = idx(8, shape, body);
        const bytes = zipped ? gzipSync(file) : file;
        const within = new Uint8Array(offset + bytes.length + 3).fill(99);
        within.set(bytes, offset);
        const parsed = await parseIdx(within.subarray(offset, offset + bytes.length));
        expect(parsed).toEqual({ dtype: 'uint8', shape, data: body });
      }),
      { numRuns: 60 },
    );
  });

  it('survives any bytes after a plausible beginning', async () => {
    const anything = fc.uint8Array({ maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(8, 9, 11, 12, 13, 14), fc.nat(6), anything, async (type, rank, rest) => {
        const file = Uint8Array.from([0, 0, type, rank, ...rest]);
        const read = await survives(() => parseIdx(file));
        if (read !== 'refused') expect(read.data.length).toBe(read.shape.reduce((a, b) => a * b, 1));
        expect(await survives(() => parseIdx(new Uint8Array(gzipSync(file, { level: 0 }))))).toEqual(read);
      }),
      { numRuns: 300 },
    );
  });

  it('returns a copy: changing the bytes afterwards changes nothing', async () => {
    const file = idx(8, [2], [1, 2]);
    const { data } = await parseIdx(file);
    file.fill(9);
    expect([...data]).toEqual([1, 2]);
  });

  it('reads a gzipped file of several chunks', async () => {
    const body = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i * 31) >> 3);
    const { data } = await parseIdx(new Uint8Array(gzipSync(idx(8, [300, 1000], body))));
    expect(Buffer.compare(data as Uint8Array, body)).toBe(0);
  });

  it('refuses every prefix of a file, plain and gzipped', async () => {
    const file = idx(11, [2, 3], new Uint8Array(12).fill(7));
    const zipped = new Uint8Array(gzipSync(file));
    for (let n = 0; n < file.length; n++) await expectRefusal(() => parseIdx(file.slice(0, n)), bad);
    for (let n = 0; n < zipped.length; n++) await expectRefusal(() => parseIdx(zipped.slice(0, n)), bad);
  });

  it.each([
    ['one byte too many', idx(8, [2], [1, 2, 3])],
    ['a header that claims far more than memory', idx(8, [0xffffffff, 0xffffffff, 0xffffffff], [1])],
    ['a header whose size is no number (0 times infinity)', idx(14, [...Array(40).fill(0xffffffff), 0], [])],
    ['255 axes and no sizes', new Uint8Array([0, 0, 8, 255])],
    ['an unknown type', idx(10, [1], [1])],
    ['another magic number', new Uint8Array([1, 0, 8, 1, 0, 0, 0, 1, 5])],
    ['an HTML page', new TextEncoder().encode('<!DOCTYPE html><html></html>')],
    ['no bytes', new Uint8Array()],
  ])('refuses %s, plain and gzipped', async (_, file) => {
    await expectRefusal(() => parseIdx(file), bad);
    await expectRefusal(() => parseIdx(new Uint8Array(gzipSync(file))), bad);
  });

  it('refuses gzip with a wrong checksum, and gzip of nothing like gzip', async () => {
    const zipped = new Uint8Array(gzipSync(idx(8, [2], [1, 2])));
    zipped[zipped.length - 8]! ^= 1;
    await expectRefusal(() => parseIdx(zipped), bad);
    await expectRefusal(() => parseIdx(new Uint8Array([0x1f, 0x8b, 1, 2, 3])), bad);
  });

  it('makes every flipped bit of a gzipped file visible: refused, or of no effect on the result', async () => {
    const zipped = new Uint8Array(gzipSync(idx(8, [2, 3], [1, 2, 3, 4, 5, 6])));
    const want = await parseIdx(zipped);
    let refused = 0;
    for (let bit = 0; bit < 8 * zipped.length; bit++) {
      const got = await survives(() => parseIdx(flip(zipped, bit)));
      if (got === 'refused') refused++;
      else expect(got).toEqual(want);
    }
    // What carries no information: eight bytes of the gzip header, and the bits that fill the last byte of the stream.
    expect(refused).toBeGreaterThan(8 * (zipped.length - 10));
  });

  it('stops inflating where more comes than the header says', async () => {
    const bomb = new Uint8Array(gzipSync(idx(8, [2], new Uint8Array(50_000_000))));
    const read = vi.spyOn(ReadableStreamDefaultReader.prototype, 'read');
    try {
      await expectRefusal(() => parseIdx(bomb), bad);
      expect(read.mock.calls.length).toBeLessThan(10);
    } finally {
      read.mockRestore();
    }
  });

  it('refuses what is no Uint8Array', async () => {
    const wrong = { ...bad, code: 'INVALID_ARGUMENT' } as const;
    await expectRefusal(() => parseIdx([0, 0, 8, 0, 1] as never), wrong);
    await expectRefusal(() => parseIdx(new ArrayBuffer(8) as never), wrong);
  });
});
