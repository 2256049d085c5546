import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNpy } from '../../src/datasets';
import { expectRefusal } from '../support/expectRefusal';
import { numpyFile } from './fixtures/numpyFiles';
import { survives } from './survives';

const bad = { code: 'INVALID_DATA', fn: 'parseNpy', argument: 'bytes' } as const;
const cube = Array.from({ length: 24 }, (_, i) => i - 0.5);

/** A file of version 1 with any header, as np.save lays it out. */
const npy = (header: string, body: readonly number[]) => {
  const text = new TextEncoder().encode(`${header}\n`);
  return Uint8Array.from([
    0x93,
    ...new TextEncoder().encode('NUMPY'),
    1,
    0,
    text.length & 255,
    text.length >> 8,
    ...text,
    ...body,
  ]);
};

describe('parseNpy', () => {
  it('reads what NumPy wrote: versions 1 to 3, both byte orders, a scalar, an empty array', () => {
    expect(parseNpy(numpyFile('cube'))).toEqual({ dtype: 'float32', shape: [2, 3, 4], data: Float32Array.from(cube) });
    expect(parseNpy(numpyFile('longs'))).toEqual({ dtype: 'int64', shape: [2], data: new Float64Array([-1, 2 ** 40]) });
    expect(parseNpy(numpyFile('booleans'))).toEqual({ dtype: 'bool', shape: [3], data: new Uint8Array([1, 0, 1]) });
    expect(parseNpy(numpyFile('halfScalar'))).toEqual({ dtype: 'float16', shape: [], data: new Float32Array([-2.5]) });
    expect(parseNpy(numpyFile('empty'))).toEqual({ dtype: 'uint16', shape: [0, 7], data: new Uint16Array() });
  });

  it('turns column-major arrays into row-major ones', () => {
    const want = { dtype: 'float64', shape: [2, 3, 4], data: Float64Array.from(cube) };
    expect(parseNpy(numpyFile('fortranCube'))).toEqual(want);
  });

  it.each([
    ['sizes of Python 2', "{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 3L), }"],
    ['double quotes', '{"descr": "|u1", "fortran_order": False, "shape": (2, 3)}'],
    ['no blanks, and another order', "{'shape':(2,3),'fortran_order':False,'descr':'|u1'}"],
    ['many blanks and a list', "{'descr' : '|u1' , 'fortran_order' : False , 'shape' : [ 2 , 3 , ] }"],
  ])('reads a header with %s', (_, header) => {
    const want = { dtype: 'uint8', shape: [2, 3], data: new Uint8Array([1, 2, 3, 4, 5, 6]) };
    expect(parseNpy(npy(header, [1, 2, 3, 4, 5, 6]))).toEqual(want);
  });

  it.each([
    ['quotes of two kinds', `{'descr': '|u1", 'fortran_order': False, 'shape': (2,), }`],
    ['two commas', "{'descr': '|u1', 'fortran_order': False, 'shape': (1,,2), }"],
    ['a negative size', "{'descr': '|u1', 'fortran_order': False, 'shape': (-2,), }"],
    ['a size with a point', "{'descr': '|u1', 'fortran_order': False, 'shape': (2.0,), }"],
    ['an unknown order', "{'descr': '|u1', 'fortran_order': None, 'shape': (2,), }"],
  ])('refuses a header with %s', async (_, header) => {
    await expectRefusal(() => parseNpy(npy(header, [1, 2])), bad);
  });

  it('reads back every header that Python might write: any type, order, quotes, blanks and shape', async () => {
    const blank = fc.constantFrom('', ' ', '  ');
    const header = fc.record({
      quote: fc.constantFrom("'", '"'),
      long: fc.constantFrom('', 'L'),
      blanks: fc.tuple(blank, blank, blank),
      fortran: fc.boolean(),
      shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
      trailing: fc.boolean(),
      order: fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
    });
    await fc.assert(
      fc.property(header, ({ quote, long, blanks: [a, b, c], fortran, shape, trailing, order }) => {
        const q = (word: string) => `${quote}${word}${quote}`;
        const sizes = shape.map((n) => `${n}${long}`).join(`${a},${b}`);
        const tuple = `(${a}${sizes}${shape.length > 0 && (trailing || shape.length === 1) ? ',' : ''}${b})`;
        const entries = [
          [q('descr'), q('|u1')],
          [q('fortran_order'), fortran ? 'True' : 'False'],
          [q('shape'), tuple],
        ];
        const text = order.map((i) => entries[i]!.join(`${b}:${c}`)).join(`${a},${b}`);
        const size = shape.reduce((x, y) => x * y, 1);
        const body = Array.from({ length: size }, (_, i) => i % 256);
        const parsed = parseNpy(npy(`{${text}${trailing ? ', ' : ''}}`, body));
        expect([parsed.dtype, parsed.shape]).toEqual(['uint8', shape]);
        // Number i of the file has the place i = sum of index * stride, the first index running fastest in Fortran's order.
        const place = (index: number[]) =>
          fortran
            ? index.reduceRight((at, j, axis) => at * shape[axis]! + j, 0)
            : index.reduce((at, j, axis) => at * shape[axis]! + j, 0);
        const indices = shape.reduce<number[][]>(
          (rows, n) => rows.flatMap((row) => Array.from({ length: n }, (_, j) => [...row, j])),
          [[]],
        );
        expect([...parsed.data]).toEqual(indices.map((index) => body[place(index)]));
      }),
      { numRuns: 300 },
    );
  });

  it('reads wherever the bytes lie in their buffer', () => {
    const file = numpyFile('cube');
    const within = new Uint8Array(file.length + 3);
    within.set(file, 3);
    expect(parseNpy(within.subarray(3))).toEqual(parseNpy(file));
  });

  it('refuses every prefix of a file, and a byte too many', async () => {
    for (const name of ['cube', 'fortranCube', 'longs']) {
      const file = numpyFile(name);
      for (let n = 0; n < file.length; n++) await expectRefusal(() => parseNpy(file.slice(0, n)), bad);
      await expectRefusal(() => parseNpy(Uint8Array.from([...file, 0])), bad);
    }
  });

  it.each([
    ['complex numbers', numpyFile('complex')],
    ['records', numpyFile('records')],
    ['Python objects', npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", [0])],
    [
      'a shape that claims more than memory',
      npy("{'descr': '<f8', 'fortran_order': True, 'shape': (99999999999, 99999999999), }", [0]),
    ],
    [
      'a shape that is no number',
      npy(`{'descr': '<f8', 'fortran_order': False, 'shape': (${'9'.repeat(400)}, 0), }`, []),
    ],
    ['sixty-five axes', npy(`{'descr': '|u1', 'fortran_order': True, 'shape': (${'1,'.repeat(65)}), }`, [1])],
    ['a header without a shape', npy("{'descr': '|u1', 'fortran_order': False, }", [1])],
    ['version 4', numpyFile('cube').map((byte, i) => (i === 6 ? 4 : byte))],
    [
      '64-bit integers that float64 would round',
      npy("{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }", Array(8).fill(0x7f)),
    ],
    ['an HTML page', new TextEncoder().encode('<!DOCTYPE html><html></html>')],
  ])('refuses %s', async (_, file) => {
    await expectRefusal(() => parseNpy(file), bad);
  });

  it('does not walk the huge axes of an empty array', () => {
    const file = npy("{'descr': '|u1', 'fortran_order': True, 'shape': (0, 4000000000), }", []);
    expect(parseNpy(file).shape).toEqual([0, 4_000_000_000]);
  });

  it('survives any change of any bytes of its header', async () => {
    const file = numpyFile('fortranCube');
    const change = fc.array(fc.tuple(fc.nat(130), fc.nat(255)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(change, async (changes) => {
        const changed = file.slice();
        for (const [at, byte] of changes) changed[at] = byte;
        await survives(() => parseNpy(changed));
      }),
      { numRuns: 500 },
    );
  });

  it('refuses what is no Uint8Array', async () => {
    await expectRefusal(() => parseNpy([0x93] as never), { ...bad, code: 'INVALID_ARGUMENT' });
  });
});
