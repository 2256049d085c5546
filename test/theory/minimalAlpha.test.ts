import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowLogOdds } from '../../src/classifier/logOdds';
import { evaluate, type PiecewiseAffine } from '../../src/regions';
import { asymptoticConfidence, minimalAlpha } from '../../src/theory';
import { firstCrossing } from '../../src/theory/firstCrossing';
import { expectRefusal } from '../support/expectRefusal';
import { denseNet, randomConv, randomDense, randomPoint, scaled } from './nets';

const seeds = fc.integer({ min: 0, max: 1e6 });
const networks: fc.Arbitrary<PiecewiseAffine> = fc.oneof(
  fc
    .tuple(seeds, fc.constantFrom([1, 8, 3], [2, 6, 6, 2], [5, 10, 10, 4]))
    .map(([seed, sizes]) => randomDense(seed, sizes)),
  seeds.map(randomConv),
);

/** x -> (x, -x). */
const mirror = denseNet({ kernel: [[1, -1]], bias: [0, 0] });

/** Log-odds 0 but for a hat of height 10 over [2, 3], and a rise of 1 per unit from 5 on. */
const hat = denseNet(
  { kernel: [[1, 1, 1, 1]], bias: [-2, -2.5, -3, -5] },
  {
    kernel: [
      [20, 0],
      [-40, 0],
      [20, 0],
      [1, 0],
    ],
    bias: [0, 0],
  },
);

function confidenceAt(net: PiecewiseAffine, x: Float64Array, alpha: number): number {
  return 1 / (1 + Math.exp(-rowLogOdds(evaluate(net, scaled(x, alpha)), 0, net.classes, 'softmax')));
}

describe('minimalAlpha', () => {
  it('is log(999) / (2 x) for x -> (x, -x), at 99.9 %', () => {
    for (const x of [1e-9, 0.003, 0.5, 2, 3.4])
      expect(minimalAlpha(mirror, [x]) / (Math.log(999) / (2 * x))).toBeCloseTo(1, 14);
    expect(minimalAlpha(mirror, [-0.5])).toBeCloseTo(Math.log(999), 12);
  });

  it('is `from` where the confidence is there already', () => {
    expect(minimalAlpha(mirror, [10])).toBe(1);
    expect(minimalAlpha(mirror, [10], { from: 0 })).toBeCloseTo(Math.log(999) / 20, 14);
    expect(minimalAlpha(mirror, [10], { from: 7 })).toBe(7);
    expect(minimalAlpha(mirror, [10], { from: 0, confidence: 0.5 })).toBe(0);
    expect(minimalAlpha(mirror, [10], { from: 0, confidence: 0.3 })).toBe(0);
  });

  it('finds a short stretch of high confidence that a bisection misses', () => {
    const exact = 2 + Math.log(999) / 20;
    expect(minimalAlpha(hat, [1])).toBeCloseTo(exact, 12);
    let [low, high] = [1, 100];
    while (high - low > 1e-9) {
      const middle = (low + high) / 2;
      if (confidenceAt(hat, Float64Array.of(1), middle) >= 0.999) high = middle;
      else low = middle;
    }
    expect(high).toBeCloseTo(5 + Math.log(999), 6);
    // The top of the hat, exactly, and a target just above it.
    expect(minimalAlpha(hat, [1], { oneMinusConfidence: 1 / (1 + Math.exp(10 - 1e-9)) })).toBeCloseTo(2.5, 9);
    expect(minimalAlpha(hat, [1], { oneMinusConfidence: 1 / (1 + Math.exp(10 + 1e-9)) })).toBeCloseTo(15, 7);
  });

  it('is never later than the first crossing on a fine grid, and meets the target there', () => {
    const targets = fc.constantFrom(0.35, 0.45, 0.6, 0.9, 0.999);
    fc.assert(
      fc.property(networks, seeds, targets, (net, seed, confidence) => {
        const x = randomPoint(seed, net.inputSize);
        const alpha = minimalAlpha(net, x, { confidence, from: 0 });
        const end = Math.min(alpha, 50);
        const before = Array.from({ length: 1000 }, (_, n) => confidenceAt(net, x, (end * n) / 1000));
        if (alpha > 0) expect(Math.max(...before)).toBeLessThan(confidence + 1e-12);
        if (alpha > 0 && alpha < Number.POSITIVE_INFINITY)
          expect(Math.abs(confidenceAt(net, x, alpha) - confidence)).toBeLessThan(1e-12);
      }),
      { numRuns: 60 },
    );
  });

  it('is Infinity only where the limit and everything before it stays below the target', () => {
    fc.assert(
      fc.property(networks, seeds, (net, seed) => {
        const x = randomPoint(seed, net.inputSize);
        const alpha = minimalAlpha(net, x, { confidence: 0.9 });
        if (asymptoticConfidence(net, x).confidence > 0.9) expect(alpha).toBeLessThan(Number.POSITIVE_INFINITY);
        else if (alpha === Number.POSITIVE_INFINITY)
          for (let n = 0; n < 200; n++) expect(confidenceAt(net, x, 1.1 ** n)).toBeLessThan(0.9);
      }),
    );
  });

  it('is Infinity where tied classes share the limit, and where nothing grows', () => {
    expect(minimalAlpha(denseNet({ kernel: [[1, 1, -1]], bias: [0, 0, 0] }), [1])).toBe(Number.POSITIVE_INFINITY);
    expect(minimalAlpha(denseNet({ kernel: [[0, 0]], bias: [1, 0] }), [1])).toBe(Number.POSITIVE_INFINITY);
  });

  it('reaches targets that float64 rounds to 1, at any alpha', () => {
    const rest = 1e-30;
    const logOdds = Math.log(1 / rest);
    expect(minimalAlpha(mirror, [1], { oneMinusConfidence: rest })).toBeCloseTo(logOdds / 2, 12);
    expect(minimalAlpha(mirror, [1e-12], { oneMinusConfidence: rest }) / 1e12).toBeCloseTo(logOdds / 2, 12);
    expect(minimalAlpha(mirror, [1e-12]) / 1e12).toBeCloseTo(Math.log(999) / 2, 12);
  });

  it('refuses the origin, targets of 0 and 1, and a negative start', async () => {
    const fn = 'minimalAlpha';
    await expectRefusal(() => minimalAlpha(mirror, [0]), { code: 'INVALID_ARGUMENT', fn, argument: 'x' });
    for (const confidence of [0, 1, Number.NaN])
      await expectRefusal(() => minimalAlpha(mirror, [1], { confidence }), {
        code: 'INVALID_OPTION',
        fn,
        argument: 'confidence',
      });
    await expectRefusal(() => minimalAlpha(mirror, [1], { oneMinusConfidence: 1 }), {
      code: 'INVALID_OPTION',
      fn,
      argument: 'oneMinusConfidence',
    });
    await expectRefusal(() => minimalAlpha(mirror, [1], { from: -1 }), {
      code: 'INVALID_OPTION',
      fn,
      argument: 'from',
    });
  });
});

describe('the first crossing within a piece', () => {
  const lines = fc.array(
    fc.tuple(fc.double({ min: -3, max: 3, noNaN: true }), fc.double({ min: -9, max: 9, noNaN: true })),
    {
      minLength: 2,
      maxLength: 6,
    },
  );

  it('counts both ends of the piece, and a target that is met without growth', () => {
    const piece = (slope: number, intercept: number) => ({
      from: 0,
      to: 2,
      slope: Float64Array.of(slope, 0),
      intercept: Float64Array.of(intercept, 0),
    });
    expect(firstCrossing(piece(1, 0), 2)).toBe(2);
    expect(firstCrossing(piece(1, 0), 2.000001)).toBe(undefined);
    expect(firstCrossing(piece(0, 2), 2)).toBe(0);
    expect(firstCrossing(piece(-1, 2), 2)).toBe(0);
    expect(firstCrossing(piece(-1, 2), 2.000001)).toBe(undefined);
  });

  it('agrees with a search on a fine grid, for any lines and any target', () => {
    fc.assert(
      fc.property(lines, fc.double({ min: -2, max: 12, noNaN: true }), (drawn, target) => {
        const piece = {
          from: 0,
          to: 10,
          slope: Float64Array.from(drawn, ([s]) => s),
          intercept: Float64Array.from(drawn, ([, b]) => b),
        };
        const best = (t: number) => {
          const logits = piece.slope.map((s, k) => s * t + piece.intercept[k]!);
          return rowLogOdds(logits, 0, logits.length, 'softmax');
        };
        const found = firstCrossing(piece, target);
        const end = found ?? 10;
        const before = Array.from({ length: 1000 }, (_, n) => best((end * n) / 1000));
        if (end > 0) expect(Math.max(...before)).toBeLessThan(target + 1e-9);
        if (found !== undefined && found > 0) expect(best(found)).toBeCloseTo(target, 9);
      }),
      { numRuns: 500 },
    );
  });
});
