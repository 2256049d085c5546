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
