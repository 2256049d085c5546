import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float32Box } from '../../src/core/bounds';
import { expectRefusal } from '../support/expectRefusal';

/** The next float32 number above; its bits are those of a whole number that is one larger. */
function above(value: number): number {
  const floats = Float32Array.of(value);
  const bits = new Int32Array(floats.buffer);
  if (value === 0) return 2 ** -149;
  bits[0]! += value > 0 ? 1 : -1;
  return floats[0]!;
}

describe('float32Box', () => {
  it('is the largest box of float32 numbers inside the bounds', () => {
    const number = fc.oneof(
      fc.double({ min: -1e35, max: 1e35, noNaN: true }),
      fc.double({ min: -1e-44, max: 1e-44, noNaN: true }),
    );
    fc.assert(
      fc.property(number, fc.double({ min: 1e-4, max: 1e3, noNaN: true }), (low, share) => {
        const high = low + share * Math.max(1e-38, Math.abs(low));
        fc.pre(Number.isFinite(Math.fround(high)));
        const [inner, outer] = float32Box('f', [low, high]);
        expect([Math.fround(inner), Math.fround(outer)]).toEqual([inner, outer]);
        expect(inner >= low && outer <= high).toBe(true);
        expect(-above(-inner) < low && above(outer) > high).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps bounds that float32 holds, and has the box [0, 1] for none', () => {
    expect(float32Box('f', [-0.5, 3])).toEqual([-0.5, 3]);
    expect(float32Box('f')).toEqual([0, 1]);
  });

  it.each([[[1, 0]], [[0, Number.NaN]], [[1, 1 + 1e-12]], [[-3e38, 3e38]]] as const)(
    'refuses the bounds %j, which float32 cannot tell apart or subtract',
    async (bounds) => {
      await expectRefusal(() => float32Box('f', bounds), { code: 'INVALID_OPTION', fn: 'f', argument: 'bounds' });
    },
  );
});
