import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ABOVE,
  BELOW,
  between,
  type Corner,
  directionOf,
  footOn,
  type Line,
  NOTHING,
  pointAt,
  sideOf,
  sidesOfCorners,
  sizesBeside,
  sizesOf,
} from '../../src/regions/slice/line';

const line = (constant: number, x: number, y: number, beside = NOTHING): Line => ({ constant, x, y, beside });
const whole = fc.integer({ min: -1000, max: 1000 });

/** Two points with whole coordinates and a function with whole numbers that is positive in the first, negative in the second. */
const crossings = fc
  .record({
    a: fc.tuple(whole, whole),
    b: fc.tuple(whole, whole),
    x: whole,
    y: whole,
    share: fc.double({ min: 0.01, max: 0.99 }),
  })
  .map(({ a, b, x, y, share }) => {
    const [atA, atB] = [a, b].map((point) => x * point[0]! + y * point[1]!) as [number, number];
    const constant = -Math.round(atA + share * (atB - atA));
    const sign = Math.sign(atA + constant);
    return {
      a,
      b,
      line: [sign * constant, sign * x, sign * y] as const,
      alpha: sign * (atA + constant),
      beta: sign * (atB + constant),
    };
  })
  .filter(({ alpha, beta }) => alpha > 0 && beta < 0);

/** The corner and the lengths of its vectors, whichever way they point. */
const plain = ({ x, y, w, blur, sway }: Corner) => ({ x, y, w, blur, sway: Object.values(sway).map(Math.abs) });
const value = ({ constant, x, y }: Line, at: { readonly x: number; readonly y: number }) =>
  constant + x * at.x + y * at.y;

describe('the corner where a function vanishes between two corners', () => {
  it('is their mean, weighted by the other value, and no farther from it than its blur says', () => {
    fc.assert(
      fc.property(crossings, ({ a, b, line: terms, alpha, beta }) => {
        const at = between(pointAt(...a), pointAt(...b), line(...terms));
        const w = alpha - beta;
        expect(at.w).toBe(1);
        for (const [found, i] of [
          [at.x, 0],
          [at.y, 1],
        ] as const) {
          const exact = -beta * a[i] + alpha * b[i];
          expect(Math.abs(found * w - exact)).toBeLessThanOrEqual(at.blur * w);
        }
        const size = Math.max(...[...a, ...b].map(Math.abs));
        expect(at.blur).toBeLessThanOrEqual(8 * Number.EPSILON * size);
      }),
    );
  });

  it('is the same, bit for bit, from either end, and whatever the sign of the function', () => {
    fc.assert(
      fc.property(crossings, fc.double({ min: 0.1, max: 3, noNaN: true }), ({ a, b, line: terms }, factor) => {
        const [from, to] = [pointAt(...a, 1e-12), pointAt(...b, 1e-9)];
        const [constant, x, y] = terms.map((term) => factor * term) as [number, number, number];
        const beside = { constant: 1e4, slope: 1e3 };
        const there = plain(between(from, to, line(constant, x, y, beside)));
        expect(plain(between(to, from, line(constant, x, y, beside)))).toEqual(there);
        expect(plain(between(from, to, line(-constant, -x, -y, beside)))).toEqual(there);
      }),
    );
  });

  it('says how far errors of the function and of both ends may have moved any other function in it', () => {
    const [a, b] = [pointAt(0, 0), pointAt(10, -20)];
    // 1e-14 of what was added up to the constant: an error of 1e-3.
    const unsure = between(a, b, line(3, -0.1, 0.15, { constant: 1e11, slope: 0 }));
    const shifted = [-1e-3, 1e-3].map((error) => between(a, b, line(3 + error, -0.1, 0.15)));
    const blurred = between(pointAt(0, 0, 1e-4), pointAt(10, -20, 1e-4), line(3, -0.1, 0.15));
    const moved = [-1e-4, 1e-4].flatMap((dx) =>
      [-1e-4, 1e-4].map((dy) => between(pointAt(dx, dy), pointAt(10 + dx, dy - 20), line(3, -0.1, 0.15))),
    );
    for (const other of [line(0, 1, 0), line(0, 0, 1), line(2, 3, -1), line(-1, 1, 2)]) {
      const most = (corners: Corner[]) =>
        Math.max(...corners.map((at) => Math.abs(value(other, at) - value(other, unsure))));
      /** Whether the corner may lie on the other line where the function is this far from zero in it. */
      const mayMeet = (corner: Corner, distance: number) =>
        sideOf({ ...other, constant: other.constant - value(other, corner) + distance }, corner) === 0;
      expect(mayMeet(unsure, 0.999 * most(shifted))).toBe(true);
      expect(mayMeet(unsure, 1.001 * most(shifted))).toBe(false);
      expect(mayMeet(blurred, 0.999 * most(moved))).toBe(true);
      expect(mayMeet(blurred, 1.5 * most(moved))).toBe(false);
    }
  });

  it('of nearly parallel lines may have moved along them, which leaves the value of a third one like them known', () => {
    // Two lines that part by 1e-9 for each step, and errors of 1e-14: the corner is known to 1e-5 along them only.
    const along = between(pointAt(-1e4, 0, 1e-14), pointAt(1e4, 0, 1e-14), line(1e-9, 1e-9, -1));
    expect(along.x).toBeCloseTo(-1, 6);
    expect(Math.abs(along.sway.vx)).toBeGreaterThan(1e-6);
    expect(sideOf(line(1e-11, 1e-9, 1), along)).toBe(-1);
    expect(sideOf(line(1e-7, 1, 0.5), pointAt(along.x, along.y))).toBe(-1);
    expect(sideOf(line(1 - 1e-7, 1, 0.5), along)).toBe(0);
  });

  it('keeps a coordinate that both ends share, to the last digit', () => {
    const at = between(pointAt(0.1, 0.3), pointAt(0.1, 0.7), line(0.42, 0, -1));
    expect(at.x).toBe(0.1);
    expect(between(pointAt(0.3, 0.1), pointAt(0.7, 0.1), line(0.42, -1, 0)).y).toBe(0.1);
  });

  it('lies from a point as far in a direction as the function needs to come down', () => {
    // x - 3 is -2 in (1, 2) and grows by 0.6 for each step towards (3, 4) / 5.
    const [a, b] = [pointAt(1, 2), directionOf(3, 4)];
    const function_ = line(-3, 1, 0);
    const at = between(a, b, function_);
    expect([at.x, at.y, at.w]).toEqual([expect.closeTo(3, 12), expect.closeTo(2 + 8 / 3, 12), 1]);
    expect(at.blur).toBeGreaterThan(Number.EPSILON * at.y);
    expect(at.blur).toBeLessThan(16 * Number.EPSILON * at.y);
  });

  it('is between two directions the direction in which the function does not change', () => {
    const [a, b] = [directionOf(1, 0), directionOf(0, 1)];
    const at = between(a, b, line(7, 3, -4));
    expect(at).toMatchObject({ x: expect.closeTo(0.8, 12), y: expect.closeTo(0.6, 12), w: 0, blur: 0 });
  });
});

describe('the side of a line on which a corner lies', () => {
  const sides = (of: Line, ...corners: Corner[]) => corners.map((corner) => sideOf(of, corner));

  it('is the sign of the function there, and of its slope at infinity', () => {
    const of = line(-1, 2, 3);
    expect(sides(of, pointAt(0.5, 0), pointAt(1, 0), pointAt(0, 0), pointAt(0, 1), pointAt(0, -1))).toEqual([
      0, 1, -1, 1, -1,
    ]);
    expect(sides(of, directionOf(1, 0), directionOf(0, -1), directionOf(3, -2))).toEqual([1, -1, 0]);
  });

  it('is none within 1e-11 of the sizes of its terms, or within the blur of the corner', () => {
    const of = line(0, 1, 1);
    expect(sides(of, pointAt(1, -1 + 1e-11), pointAt(1, -1 + 3e-11), pointAt(-1, 1 - 3e-11))).toEqual([0, 1, -1]);
    const near = (blur: number) => sides(line(-1, 2, -3), pointAt(1, 0.3, blur))[0];
    // The value is 0.1, and a blur of b in either coordinate moves it by 5 b.
    expect([0, 0.0199, 0.0201].map(near)).toEqual([1, 1, 0]);
  });

  it('is none within 1e-14 of the sizes of what was added up to the function', () => {
    const beside = (constant: number, slope: number) => line(-1, 1, 0, { constant, slope });
    const at = pointAt(1 + 1e-5, 3);
    expect([0.9e9, 1.1e9].map((size) => sideOf(beside(size, 0), at))).toEqual([1, 0]);
    // Slopes count with |x| + |y| = 4.
    expect([0.24e9, 0.26e9].map((size) => sideOf(beside(0, size), at))).toEqual([1, 0]);
    // At infinity there is no constant.
    expect(sideOf(beside(1e20, 0), directionOf(1, 0))).toBe(1);
  });

  it('is told of many corners together', () => {
    const of = line(0, 1, 0);
    const [left, on, right] = [pointAt(-1, 0), pointAt(0, 5), pointAt(1, 0)];
    expect(sidesOfCorners(of, [on])).toBe(0);
    expect(sidesOfCorners(of, [on, right])).toBe(ABOVE);
    expect(sidesOfCorners(of, [left, on])).toBe(BELOW);
    expect(sidesOfCorners(of, [right, on, left])).toBe(ABOVE | BELOW);
    expect(ABOVE & BELOW).toBe(0);
  });
});

it('the foot of a line is its point next to the origin', () => {
  fc.assert(
    fc.property(whole, whole, whole, (constant, x, y) => {
      fc.pre(x !== 0 || y !== 0);
      const foot = footOn(line(constant, x, y));
      expect(foot.w).toBe(1);
      expect(constant + x * foot.x + y * foot.y).toBeCloseTo(0, 9);
      // It lies in the direction in which the function changes.
      expect(x * foot.y - y * foot.x).toBeCloseTo(0, 9);
    }),
  );
});

describe('the sizes of functions', () => {
  // Constants 1 and -5, slopes in s 2 and -3, slopes in t 7 and 0.5.
  const z = Float64Array.of(1, -5, 2, -3, 7, 0.5);

  it('are the largest constant and slope of all, whichever function has it, and of those before', () => {
    expect(sizesOf(z)).toEqual({ all: { constant: 5, slope: 7 }, sizes: Float64Array.of(5, 5, 7, 7) });
    expect(sizesOf(z, { constant: 6, slope: 4 })).toEqual({
      all: { constant: 6, slope: 7 },
      sizes: Float64Array.of(6, 6, 7, 7),
    });
    expect(sizesOf(z, { constant: 2, slope: 8 }).all).toEqual({ constant: 5, slope: 8 });
  });

  it('are those of the function itself where these are known to be less, and numbers', () => {
    const bounds = Float64Array.of(1, 9, Number.NaN, 3);
    expect(sizesOf(z, undefined, bounds)).toEqual({
      all: { constant: 5, slope: 7 },
      sizes: Float64Array.of(1, 5, 7, 3),
    });
  });

  it('are for two functions the larger of both', () => {
    const sizes = Float64Array.of(1, 5, 2, 9, 4, 6);
    expect(sizesBeside(sizes, 0, 1)).toEqual({ constant: 5, slope: 9 });
    expect(sizesBeside(sizes, 1, 0)).toEqual({ constant: 5, slope: 9 });
    expect(sizesBeside(sizes, 2)).toEqual({ constant: 2, slope: 6 });
  });
});
