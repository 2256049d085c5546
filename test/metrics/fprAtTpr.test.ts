import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/rng';
import { type FprConvention, type FprOptions, fprAtTpr, thresholdAtTpr } from '../../src/metrics';
import { expectRefusal } from '../support/expectRefusal';
import { anyScores, enumeratePoints, IN, looseScores, mirrored, OUT, quantile, share } from './oracles';

const rates = fc.constantFrom(0, 0.1, 0.25, 0.5, 0.8, 0.95, 1);

/** Straight from the definitions, on positives for which higher is more positive. */
function byDefinition(
  positives: readonly number[],
  negatives: readonly number[],
  tpr: number,
  convention: 'roc' | 'nearest',
): number {
  const start = { tpr: 0, fpr: 0, distance: tpr * positives.length };
  const points = [
    start,
    ...enumeratePoints(positives, negatives).map(({ tp, fp }) => ({
      tpr: tp / positives.length,
      fpr: fp / negatives.length,
      distance: Math.abs(tp - tpr * positives.length),
    })),
  ];
  if (convention === 'roc') return points.find((point) => point.tpr >= tpr)!.fpr;
  const shortest = Math.min(...points.map((point) => point.distance));
  const nearest = points.filter((point) => point.distance === shortest);
  const highest = Math.max(...nearest.map((point) => point.tpr));
  return Math.min(...nearest.filter((point) => point.tpr === highest).map((point) => point.fpr));
}

describe('thresholdAtTpr', () => {
  it('is the 5th percentile by default, interpolated between order statistics', () => {
    expect(thresholdAtTpr(IN)).toBeCloseTo(0.545, 14);
    expect(thresholdAtTpr([5, 1, 4, 2, 3], 0.75)).toBe(2);
    expect(thresholdAtTpr([1, 2], 0.25)).toBe(1.75);
  });

  it('ends at the smallest and the largest score', () => {
    expect(thresholdAtTpr([3, 1, 2], 1)).toBe(1);
    expect(thresholdAtTpr([3, 1, 2], 0)).toBe(3);
    expect(thresholdAtTpr([7], 0.5)).toBe(7);
  });

  it('hits a score exactly where the place is a whole number, without rounding above it', () => {
    // (n - 1) * (1 - 0.95) is 1.0000000000000009 for n = 21.
    const scores = Array.from({ length: 21 }, (_, i) => i);
    expect(thresholdAtTpr(scores)).toBe(1);
    expect(fprAtTpr(scores, [1])).toBe(1);
  });

  it('keeps infinite neighbours infinite', () => {
    expect(thresholdAtTpr([-Infinity, 0], 0.5)).toBe(-Infinity);
    expect(thresholdAtTpr([0, Infinity], 0.5)).toBe(Infinity);
    expect(thresholdAtTpr([Infinity, Infinity], 0.5)).toBe(Infinity);
    expect(thresholdAtTpr([-Infinity, Infinity], 0.5)).toBe(-Infinity);
    expect(thresholdAtTpr([-Infinity, 1, Infinity], 0.5)).toBe(1);
  });

  it('agrees with the formula of definition R-7', () => {
    fc.assert(
      fc.property(looseScores, fc.double({ min: 0, max: 1, noNaN: true }), (scores, tpr) => {
        const expected = quantile(scores, 1 - tpr);
        expect(Math.abs(thresholdAtTpr(scores, tpr) - expected)).toBeLessThanOrEqual(1e-7);
      }),
    );
  });

  it.each([
    ['empty scores', [], 0.95, 'EMPTY_INPUT', 'inS'],
    ['NaN', [NaN], 0.95, 'NON_FINITE', 'inS'],
    ['a rate above 1', [1], 95, 'INVALID_OPTION', 'tpr'],
    ['a NaN rate', [1], NaN, 'INVALID_OPTION', 'tpr'],
  ] as const)('refuses %s', async (_, scores, tpr, code, argument) => {
    await expectRefusal(() => thresholdAtTpr(scores, tpr), { code, fn: 'thresholdAtTpr', argument });
  });
});

describe('fprAtTpr', () => {
  it.each([
    ['percentile', 'in', 0.5],
    ['roc', 'in', 0.5],
    ['nearest', 'in', 0.5],
    // The 95th percentile of the out-scores is .865; the ROC conventions stop at the largest out-score, .9.
    ['percentile', 'out', 0.6],
    ['roc', 'out', 0.8],
    ['nearest', 'out', 0.8],
  ] as const)('gives the hand-computed rate with convention %s and positive %s', (convention, positive, expected) => {
    expect(fprAtTpr(IN, OUT, { convention, positive })).toBe(expected);
  });

  it('uses the percentile convention, 95 % and in-distribution as positive by default', () => {
    expect(fprAtTpr(IN, OUT)).toBe(fprAtTpr(IN, OUT, { convention: 'percentile', tpr: 0.95, positive: 'in' }));
  });

  it('accepts scores equal to the threshold', () => {
    expect(fprAtTpr([1, 1], [1, 0])).toBe(0.5);
    expect(fprAtTpr([1, 2], [1, 1], { positive: 'out' })).toBe(0.5);
  });

  it('tells the three conventions apart on few scores', () => {
    const rate = (convention: FprConvention) => fprAtTpr([4, 3, 2, 1], [3.5, 2.6, 1.5, 0.5], { tpr: 0.6, convention });
    expect(rate('percentile')).toBe(0.5); // threshold 2.2
    expect(rate('roc')).toBe(0.5); // TPR 0.75, threshold 2
    expect(rate('nearest')).toBe(0.25); // TPR 0.5, threshold 3
  });

  it('takes the higher TPR when two points are equally near, and the lowest FPR at one TPR', () => {
    expect(fprAtTpr([4, 1], [3, 2, 0.5, 0.2], { tpr: 0.75, convention: 'nearest' })).toBe(0.5);
    expect(fprAtTpr([4, 1], [3, 2, 0.5, 0.2], { tpr: 0.5, convention: 'nearest' })).toBe(0);
  });

  it('does not stop inside a group of equal scores', () => {
    // TPR is 0.2 at threshold 1 and 1 at threshold 0; the former is nearer to 0.5.
    expect(fprAtTpr([1, 0, 0, 0, 0], [0], { tpr: 0.5, convention: 'nearest' })).toBe(0);
    expect(fprAtTpr([1, 0, 0, 0, 0], [0], { tpr: 0.5, convention: 'roc' })).toBe(1);
  });

  it('compares rates as quotients, so that 7 of 100 is a TPR of 0.07', () => {
    const positives = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(fprAtTpr(positives, [93.5], { tpr: 0.07, convention: 'roc' })).toBe(0);
    expect(fprAtTpr(positives, [94.5], { tpr: 0.07, convention: 'roc' })).toBe(1);
  });

  it('starts the ROC curve at (0, 0), where not even Infinity is accepted', () => {
    for (const convention of ['roc', 'nearest'] as const)
      expect(fprAtTpr([Infinity, 0], [Infinity], { tpr: 0, convention })).toBe(0);
  });

  it('follows the quantile of the positives in the percentile convention', () => {
    fc.assert(
      fc.property(anyScores, anyScores, rates, (inS, outS, tpr) => {
        const threshold = thresholdAtTpr(inS, tpr);
        expect(fprAtTpr(inS, outS, { tpr })).toBe(share(outS, (s) => s >= threshold));
      }),
    );
  });

  it('agrees with the enumeration of every threshold in the ROC conventions', () => {
    // Three values make groups of equal scores that are wider than the gap between neighbouring rates.
    const crowded = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 25 });
    const scores = fc.oneof(anyScores, crowded);
    fc.assert(
      fc.property(scores, scores, rates, fc.constantFrom('roc', 'nearest'), (inS, outS, tpr, convention) => {
        expect(fprAtTpr(inS, outS, { tpr, convention })).toBe(byDefinition(inS, outS, tpr, convention));
        expect(fprAtTpr(inS, outS, { tpr, convention, positive: 'out' })).toBe(
          byDefinition(mirrored(outS), mirrored(inS), tpr, convention),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('treats out as positive like in on the mirrored axis, in every convention', () => {
    // Whole numbers and quarter rates keep the interpolation exact, so that both sides round alike.
    const whole = fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 1, maxLength: 25 });
    const conventions = fc.constantFrom<FprConvention>('percentile', 'roc', 'nearest');
    fc.assert(
      fc.property(whole, whole, fc.constantFrom(0, 0.25, 0.5, 0.75, 1), conventions, (inS, outS, tpr, convention) => {
        expect(fprAtTpr(inS, outS, { tpr, convention, positive: 'out' })).toBe(
          fprAtTpr(mirrored(outS), mirrored(inS), { tpr, convention }),
        );
      }),
    );
  });

  it('never falls when the TPR rises', () => {
    fc.assert(
      fc.property(anyScores, anyScores, fc.constantFrom('percentile', 'roc', 'nearest'), (inS, outS, convention) => {
        const curve = [0.1, 0.3, 0.5, 0.7, 0.9, 1].map((tpr) => fprAtTpr(inS, outS, { tpr, convention }));
        expect(curve).toEqual([...curve].sort((a, b) => a - b));
      }),
    );
  });

  it('does not change under a strictly rising transform in the ROC conventions', () => {
    fc.assert(
      fc.property(looseScores, looseScores, fc.constantFrom('roc', 'nearest'), (inS, outS, convention) => {
        const rise = (s: number) => 4 * s;
        expect(fprAtTpr(inS.map(rise), outS.map(rise), { convention })).toBe(fprAtTpr(inS, outS, { convention }));
      }),
    );
  });

  it('handles a million scores a side', () => {
    const rng = createRng(2);
    const inS = Float64Array.from({ length: 1e6 }, () => rng.uniform());
    const outS = Float64Array.from({ length: 1e6 }, () => rng.uniform());
    for (const convention of ['percentile', 'roc', 'nearest'] as const)
      expect(fprAtTpr(inS, outS, { convention })).toBeCloseTo(0.95, 2);
  });

  it.each([
    ['an empty in side', [], [1], {}, 'EMPTY_INPUT', 'inS'],
    ['an empty out side', [1], [], {}, 'EMPTY_INPUT', 'outS'],
    ['NaN', [1], [NaN], {}, 'NON_FINITE', 'outS'],
    ['a percentage', [1], [1], { tpr: 95 }, 'INVALID_OPTION', 'tpr'],
    ['a negative rate', [1], [1], { tpr: -0.1 }, 'INVALID_OPTION', 'tpr'],
    ['an unknown convention', [1], [1], { convention: 'paper' }, 'INVALID_OPTION', 'convention'],
    ['an unknown class', [1], [1], { positive: 'ood' }, 'INVALID_OPTION', 'positive'],
  ] as const)('refuses %s', async (_, inS, outS, options, code, argument) => {
    await expectRefusal(() => fprAtTpr(inS, outS, options as FprOptions), { code, fn: 'fprAtTpr', argument });
  });
});
