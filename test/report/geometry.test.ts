import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logTicks, powerLabel } from '../../src/report/plotLook';
import { clipSegment } from '../../src/report/regionMap';

const box = { x: [-1, 2], y: [0, 3] } as const;

describe('clipSegment', () => {
  it('cuts a segment where it enters and where it leaves the box', () => {
    expect(clipSegment([-2, 1], [1, 0], 10, box)).toEqual([
      [-1, 1],
      [2, 1],
    ]);
    expect(clipSegment([3, 1], [-1, 0], 10, box)).toEqual([
      [2, 1],
      [-1, 1],
    ]);
    expect(clipSegment([0, -1], [0, 2], 10, box)).toEqual([
      [0, 0],
      [0, 3],
    ]);
    expect(clipSegment([0, 5], [0, -2], 10, box)).toEqual([
      [0, 3],
      [0, 0],
    ]);
    expect(clipSegment([-2, -1], [1, 1], 10, box)).toEqual([
      [-1, 0],
      [2, 3],
    ]);
  });

  it('keeps ends that lie inside, and those on the edge', () => {
    expect(clipSegment([0, 1], [1, 1], 1, box)).toEqual([
      [0, 1],
      [1, 2],
    ]);
    expect(clipSegment([0, 1], [4, 0], 0.25, box)).toEqual([
      [0, 1],
      [1, 1],
    ]);
    expect(clipSegment([-1, 0], [0, 1], 2, box)).toEqual([
      [-1, 0],
      [-1, 2],
    ]);
    expect(clipSegment([2, 3], [-1, 0], 2, box)).toEqual([
      [2, 3],
      [0, 3],
    ]);
    expect(clipSegment([0, 3], [1, 0], 1, box)).toEqual([
      [0, 3],
      [1, 3],
    ]);
  });

  it('gives nothing for a segment that ends before the box, passes it, or touches it in a point', () => {
    expect(clipSegment([-3, 1], [1, 0], 1, box)).toBeUndefined();
    expect(clipSegment([-3, 1], [-1, 0], 9, box)).toBeUndefined();
    expect(clipSegment([-3, 1], [1, 0], 2, box)).toBeUndefined();
    expect(clipSegment([-2, 2], [1, 2], 9, box)).toBeUndefined();
    for (const outside of [-1.5, 2.5]) expect(clipSegment([outside, 1], [0, 1], 9, box)).toBeUndefined();
    for (const outside of [-0.5, 3.5]) expect(clipSegment([0, outside], [1, 0], 9, box)).toBeUndefined();
  });

  it('agrees with a walk in small steps: exactly the points inside the box lie between its ends', () => {
    const half = fc.integer({ min: -8, max: 8 }).map((n) => n / 2);
    fc.assert(
      fc.property(fc.tuple(half, half), fc.tuple(half, half), fc.integer({ min: 1, max: 8 }), (from, step, end) => {
        const found = clipSegment(from, step, end, box);
        const isInside = ([x, y]: readonly number[]) => x! > -1 && x! < 2 && y! > 0 && y! < 3;
        const steps = Array.from({ length: 32 * end + 1 }, (_, i) => i / 32);
        const walk = steps.map((r) => [from[0] + r * step[0], from[1] + r * step[1]] as const).filter(isInside);
        if (step[0] === 0 && step[1] === 0) return;
        if (found === undefined) expect(walk).toHaveLength(0);
        else {
          const length = Math.hypot(step[0], step[1]);
          const along = ([x, y]: readonly [number, number]) =>
            ((x - from[0]) * step[0] + (y - from[1]) * step[1]) / length ** 2;
          const [first, last] = found.map(along) as [number, number];
          expect(first).toBeGreaterThanOrEqual(-1e-12);
          expect(last).toBeLessThanOrEqual(end + 1e-12);
          for (const r of steps) {
            const at = [from[0] + r * step[0], from[1] + r * step[1]] as const;
            if (isInside(at)) expect(r >= first - 1e-12 && r <= last + 1e-12).toBe(true);
            else if (r > first + 1e-9 && r < last - 1e-9)
              expect(at[0] === -1 || at[0] === 2 || at[1] === 0 || at[1] === 3).toBe(true);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('logTicks', () => {
  it('gives every power of ten from end to end, ends that are powers included', () => {
    expect(logTicks(1, 1000)).toEqual([1, 10, 100, 1000]);
    expect(logTicks(0.5, 999)).toEqual([1, 10, 100]);
    expect(logTicks(0.001, 1).map((tick) => Math.log10(tick))).toEqual([-3, -2, -1, 0]);
    expect(logTicks(1, 1e8)).toHaveLength(9);
  });

  it('takes a power that rounding has moved a little for the power', () => {
    expect(logTicks(1 + 1e-12, 100 - 1e-10)).toEqual([1, 10, 100]);
    expect(logTicks(1.001, 100)).toEqual([10, 100]);
    expect(logTicks(1, 99.9)).toEqual([1, 10]);
  });

  it('gives every second, third, ... power, from the largest down, where there are more than nine', () => {
    expect(logTicks(1, 1e9).map(Math.log10)).toEqual([1, 3, 5, 7, 9]);
    expect(logTicks(1, 1e17)).toHaveLength(9);
    expect(logTicks(1e-16, 1).map((tick) => Math.round(Math.log10(tick)))).toEqual([
      -16, -14, -12, -10, -8, -6, -4, -2, 0,
    ]);
    expect(logTicks(1, 1e18).map((tick) => Math.round(Math.log10(tick)))).toEqual([0, 3, 6, 9, 12, 15, 18]);
  });

  it('gives both ends where there is one power or none between them', () => {
    expect(logTicks(2, 9)).toEqual([2, 9]);
    expect(logTicks(2, 50)).toEqual([2, 50]);
    expect(logTicks(1, 9)).toEqual([1, 9]);
  });
});

describe('powerLabel', () => {
  it.each([
    [1, '1'],
    [10, '10'],
    [100, '100'],
    [1000, '10³'],
    [1e12, '10¹²'],
    [0.1, '10⁻¹'],
    [1e-16, '10⁻¹⁶'],
    [2.5, '2.5'],
    [1234.5, '1230'],
    [0.02, '0.02'],
  ])('writes %d as %s', (value, text) => {
    expect(powerLabel(value)).toBe(text);
  });
});
