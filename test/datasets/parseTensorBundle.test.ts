import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTensorBundle } from '../../src/datasets';
import { crc32c } from '../../src/datasets/parseTensorBundle';
import { expectRefusal } from '../support/expectRefusal';
import {
  bundleEntry,
  bundleHeader,
  field,
  maskedChecksum,
  writeTable,
  writeTensorBundle,
} from '../support/writeTensorBundle';
import { flip, survives } from './survives';

const badIndex = { code: 'INVALID_DATA', fn: 'parseTensorBundle', argument: 'index' } as const;
const badData = { ...badIndex, argument: 'data' } as const;

const VARIABLES = {
  'block_1/conv/weights': { shape: [2, 1, 3], data: [1, -2.5, 3, 4, 5, 1e-3] },
  'block_1/conv/weights/Momentum': { shape: [2, 1, 3], data: [0, 0, 0, 0, 0, 7] },
  'block_2/norm/beta': { shape: [2], data: [9, -9] },
  'logit/biases': { shape: [1], data: [0.5] },
  nothing: { shape: [0, 4], data: [] },
  step: { shape: [], data: [39000] },
};

/** A bundle of one variable `v` of any type. */
const single = (dtype: number, shape: readonly number[], bytes: Uint8Array, extra: Uint8Array = new Uint8Array()) => ({
  index: writeTable([bundleHeader(1), [Buffer.from('v'), Buffer.concat([bundleEntry(dtype, shape, 0, bytes), extra])]]),
  data: bytes,
});

const outcome = (index: Uint8Array, data: Uint8Array) => survives(() => parseTensorBundle(index, data));

describe('crc32c', () => {
  it('gives the check value of the Castagnoli polynomial and the vectors of RFC 3720', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  });
});

describe('parseTensorBundle', () => {
  it('reads names, shapes and numbers, keys that share prefixes and several blocks included', () => {
    const { index, data } = writeTensorBundle(VARIABLES);
    const got = parseTensorBundle(index, data);
    expect([...got.keys()]).toEqual(Object.keys(VARIABLES));
    for (const [name, { shape, data: numbers }] of Object.entries(VARIABLES))
      expect(got.get(name)).toEqual({ dtype: 'float32', shape, data: Float32Array.from(numbers) });
  });

  it('reads what any sorted names and shapes were written as', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-c/]{1,12}$/), { maxLength: 12 });
    fc.assert(
      fc.property(
        names,
        fc.infiniteStream(fc.array(fc.nat(3), { maxLength: 3 })),
        fc.integer({ min: 1, max: 5 }),
        (keys, shapes, perBlock) => {
          const variables = Object.fromEntries(
            keys.map((key, k) => {
              const shape = shapes.next().value;
              const size = shape.reduce((a: number, b: number) => a * b, 1);
              return [key, { shape, data: Array.from({ length: size }, (_, i) => k + i / 8) }];
            }),
          );
          const { index, data } = writeTensorBundle(variables, perBlock);
          const got = parseTensorBundle(index, data);
          expect(got.size).toBe(keys.length);
          for (const [key, { shape, data: numbers }] of Object.entries(variables))
            expect(got.get(key)).toEqual({ dtype: 'float32', shape, data: Float32Array.from(numbers) });
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    ['float64', 2, [0, 0, 0, 0, 0, 0, 0xf8, 0x3f], new Float64Array([1.5])],
    ['int32', 3, [0xff, 0xff, 0xff, 0xff], new Int32Array([-1])],
    ['uint8', 4, [255], new Uint8Array([255])],
    ['int16', 5, [0, 0x80], new Int16Array([-32768])],
    ['int8', 6, [255], new Int8Array([-1])],
    ['int64', 9, [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], new Float64Array([-2])],
    ['bool', 10, [1], new Uint8Array([1])],
    ['bfloat16', 14, [0x20, 0xc0], new Float32Array([-2.5])],
    ['uint16', 17, [0, 0x80], new Uint16Array([32768])],
    ['float16', 19, [0, 0xc1], new Float32Array([-2.5])],
    ['uint32', 22, [0, 0, 0, 0x80], new Uint32Array([2 ** 31])],
    ['uint64', 23, [0, 0, 0, 0, 1, 0, 0, 0], new Float64Array([2 ** 32])],
  ])('reads %s', (dtype, code, bytes, data) => {
    const bundle = single(code, [1], Uint8Array.from(bytes));
    expect(parseTensorBundle(bundle.index, bundle.data).get('v')).toEqual({ dtype, shape: [1], data });
  });

  it('reads float16 at its edges: zero with its sign, subnormal, largest, infinite, not a number', () => {
    const bits = [0x0000, 0x8000, 0x0001, 0x7bff, 0xfc00, 0x7e00];
    const bundle = single(19, [6], Uint8Array.from(bits.flatMap((word) => [word & 255, word >> 8])));
    expect([...parseTensorBundle(bundle.index, bundle.data).get('v')!.data]).toEqual([
      0,
      -0,
      2 ** -24,
      65504,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
    ]);
  });

  it('reads variables of several data files', () => {
    const shards = [Uint8Array.of(1, 2), Uint8Array.of(3, 4, 5)];
    const index = writeTable([
      bundleHeader(2),
      [Buffer.from('a'), bundleEntry(4, [2], 0, shards[0]!)],
      [Buffer.from('b'), bundleEntry(4, [2], 1, shards[1]!.subarray(1), 1)],
    ]);
    expect([...parseTensorBundle(index, shards).get('b')!.data]).toEqual([4, 5]);
  });

  it('leaves out variables of strings', () => {
    const { index, data } = single(7, [], Uint8Array.of(3, 97, 98, 99));
    expect(parseTensorBundle(index, data).size).toBe(0);
  });

  it('refuses every file of which one bit was flipped, of the index and of the data', async () => {
    const { index, data } = writeTensorBundle(VARIABLES);
    for (let bit = 0; bit < 8 * index.length; bit++) expect(await outcome(flip(index, bit), data)).toBe('refused');
    for (let bit = 0; bit < 8 * data.length; bit++) expect(await outcome(index, flip(data, bit))).toBe('refused');
  });

  it('refuses every prefix of either file', async () => {
    const { index, data } = writeTensorBundle(VARIABLES);
    for (let n = 0; n < index.length; n++)
      await expectRefusal(() => parseTensorBundle(index.slice(0, n), data), badIndex);
    for (let n = 0; n < data.length; n++)
      await expectRefusal(() => parseTensorBundle(index, data.slice(0, n)), badData);
  });

  it('survives any bytes under a valid checksum', async () => {
    const table = (value: Uint8Array) => writeTable([bundleHeader(1), [Buffer.from('v'), Buffer.from(value)]]);
    const anything = fc.uint8Array({ maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(anything, async (value) => void (await outcome(table(value), new Uint8Array(64)))),
    );
    const entry = bundleEntry(1, [2, 3], 0, new Uint8Array(24));
    await fc.assert(
      fc.asyncProperty(fc.nat(entry.length - 1), fc.nat(255), async (at, byte) => {
        const changed = entry.map((old, i) => (i === at ? byte : old));
        await outcome(table(changed), new Uint8Array(64));
      }),
    );
  });

  it('names the variable at fault', () => {
    const { index, data } = writeTensorBundle(VARIABLES);
    data[data.length - 1]! ^= 64;
    expect(() => parseTensorBundle(index, data)).toThrow('variable "step"');
  });

  it.each([
    ['a shape that claims more than memory', single(1, [2 ** 31, 2 ** 31], new Uint8Array(4)), badData],
    ['a shape that claims less than there is', single(1, [1], new Uint8Array(8)), badData],
    ['an unknown data type', single(21, [1], new Uint8Array(4)), badIndex],
    ['a variable in slices', single(1, [1], new Uint8Array(4), field(7, Buffer.alloc(0))), badIndex],
    ['an integer that float64 would round', single(9, [1], new Uint8Array(8).fill(0x7f)), badData],
    [
      'a table without a header',
      { index: writeTable([[Buffer.from('v'), Buffer.alloc(0)]]), data: new Uint8Array() },
      badIndex,
    ],
    ['an empty table', { index: writeTable([]), data: new Uint8Array() }, badIndex],
    [
      'a table compressed with Snappy',
      { index: writeTable([bundleHeader(1)], 3, 1), data: new Uint8Array() },
      badIndex,
    ],
    [
      'keys out of order',
      {
        index: writeTable([bundleHeader(1), [Buffer.from('b'), field(1, 7)], [Buffer.from('a'), field(1, 7)]]),
        data: new Uint8Array(),
      },
      badIndex,
    ],
    ['fewer data files than the index says', { index: writeTable([bundleHeader(2)]), data: new Uint8Array() }, badData],
  ])('refuses %s', async (_, { index, data }, refusal) => {
    await expectRefusal(() => parseTensorBundle(index, data), refusal);
  });

  it('refuses variables that overlap so often that they outgrow the data', async () => {
    const data = new Uint8Array(400).fill(1);
    const entries = Array.from(
      { length: 3 },
      (_, i) => [Buffer.from(`v${i}`), bundleEntry(4, [300], 0, data.subarray(0, 300))] as const,
    );
    await expectRefusal(() => parseTensorBundle(writeTable([bundleHeader(1), ...entries]), data), badData);
  });

  it('refuses what is no Uint8Array', async () => {
    const { index, data } = writeTensorBundle(VARIABLES);
    const wrong = (argument: string) => ({ ...badIndex, code: 'INVALID_ARGUMENT', argument }) as const;
    await expectRefusal(() => parseTensorBundle(index.buffer as never, data), wrong('index'));
    await expectRefusal(() => parseTensorBundle(index, [data.buffer] as never), wrong('data'));
    await expectRefusal(() => parseTensorBundle(index, undefined as never), wrong('data'));
  });

  it('agrees with an independent checksum', () => {
    expect(maskedChecksum(new Uint8Array(32))).toBe((((0x8a9136aa >>> 15) | (0x8a9136aa << 17)) + 0xa282ead8) >>> 0);
  });
});
