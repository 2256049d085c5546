import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/core/errors';
import { createRng } from '../../src/core/rng';
import { auroc, aurocBounds, bootstrapInterval, guaranteedAuroc, rocCurve } from '../../src/metrics';
import { expectRefusal } from '../support/expectRefusal';
import { anyScores, IN, looseScores, OUT } from './oracles';

function countAllPairs(inS: readonly number[], outS: readonly number[]) {
  let wins = 0;
  let ties = 0;
  for (const a of inS)
    for (const b of outS) {
      if (a > b) wins++;
      if (a === b) ties++;
    }
  return { wins, ties, pairs: inS.length * outS.length };
}

describe('auroc', () => {
  it('counts ties half', () => {
    expect(auroc(IN, OUT)).toBeCloseTo(0.825, 14);
    expect(auroc([1, 1], [1])).toBe(0.5);
    expect(auroc([0.9, 0.8, 0.5], [0.5, 0.1])).toBeCloseTo(5.5 / 6, 14);
  });

  it('is 1 for perfect separation and 0 for the reverse', () => {
    expect(auroc([2, 3], [0, 1])).toBe(1);
    expect(auroc([0, 1], [2, 3])).toBe(0);
  });

  it('ranks infinite scores at the ends', () => {
    expect(auroc([Infinity, 0], [-Infinity, 1])).toBe(0.75);
    expect(auroc([Infinity], [Infinity])).toBe(0.5);
  });

  it('takes 0 and -0 for the same score', () => {
    expect(auroc([0], [-0])).toBe(0.5);
    expect(auroc([-0], [0])).toBe(0.5);
  });

  it('agrees with the comparison of all pairs', () => {
    fc.assert(
      fc.property(anyScores, anyScores, (inS, outS) => {
        const { wins, ties, pairs } = countAllPairs(inS, outS);
        expect(auroc(inS, outS)).toBe((wins + ties / 2) / pairs);
        expect(aurocBounds(inS, outS)).toEqual({ lower: wins / pairs, upper: (wins + ties) / pairs });
      }),
    );
  });

  it('becomes 1 minus itself when the sides are swapped', () => {
    fc.assert(
      fc.property(anyScores, anyScores, (inS, outS) => {
        expect(auroc(inS, outS)).toBeCloseTo(1 - auroc(outS, inS), 14);
      }),
    );
  });

  it('does not change under a strictly rising transform of the scores', () => {
    fc.assert(
      fc.property(looseScores, looseScores, (inS, outS) => {
        const rise = (s: number) => 4 * s; // exact in binary, so that it makes and breaks no ties
        expect(auroc(inS.map(rise), outS.map(rise))).toBe(auroc(inS, outS));
      }),
    );
  });

  it('sees differences that a float32 softmax loses', () => {
    expect(auroc([1 - 1e-12], [1 - 2e-12])).toBe(1);
  });

  it('is the area under the straight lines of the ROC curve', () => {
    fc.assert(
      fc.property(anyScores, anyScores, (inS, outS) => {
        const { fpr, tpr } = rocCurve(inS, outS);
        let area = 0;
        for (let i = 1; i < fpr.length; i++) area += ((fpr[i]! - fpr[i - 1]!) * (tpr[i]! + tpr[i - 1]!)) / 2;
        expect(auroc(inS, outS)).toBeCloseTo(area, 12);
      }),
    );
  });

  it('takes typed arrays and leaves its inputs as they are', () => {
    const inS = Float64Array.of(3, 1, 2);
    const outS = Float32Array.of(2, 0);
    expect(auroc(inS, outS)).toBeCloseTo(4.5 / 6, 14);
    expect([...inS, ...outS]).toEqual([3, 1, 2, 2, 0]);
  });

  it('handles a million scores a side', () => {
    const rng = createRng(1);
    const inS = Float64Array.from({ length: 1e6 }, () => rng.uniform() + 0.5);
    const outS = Float64Array.from({ length: 1e6 }, () => rng.uniform());
    const before = inS.slice(0, 100);
    // P(U + 1/2 > U') = 7/8, with a standard error below 0.0005.
    expect(auroc(inS, outS)).toBeCloseTo(0.875, 2);
    expect(inS.slice(0, 100)).toEqual(before);
  });
});

describe('aurocBounds', () => {
  it('decides all ties for one side', () => {
    const { lower, upper } = aurocBounds(IN, OUT);
    expect(lower).toBeCloseTo(0.8, 14);
    expect(upper).toBeCloseTo(0.85, 14);
  });

  it('is as wide as can be when every score is saturated', () => {
    expect(aurocBounds([1, 1, 1], [1, 1])).toEqual({ lower: 0, upper: 1 });
  });
});

describe('guaranteedAuroc', () => {
  it('is what scikit-learn says of in-scores against bounds, ties counted half', () => {
    // roc_auc_score([1] * 10 + [0] * 8, IN + bounds), scikit-learn 1.x
    const bounds = [0.95, 0.7, 0.6, 0.45, 1, 0.55, 0.9, 0.1];
    expect(guaranteedAuroc(IN, bounds)).toBeCloseTo(0.61875, 14);
    const { wins, ties, pairs } = countAllPairs(IN, bounds);
    expect(guaranteedAuroc(IN, bounds)).toBe((wins + ties / 2) / pairs);
  });

  it('is never above the AUROC of scores that the bounds allow, and is that of scores that reach them', () => {
    const below = fc.array(fc.record({ score: fc.integer({ min: -4, max: 4 }), slack: fc.nat(3) }), { minLength: 1 });
    fc.assert(
      fc.property(anyScores, below, (inS, out) => {
        const bounds = out.map(({ score, slack }) => score + slack);
        const scores = out.map(({ score }) => score);
        expect(guaranteedAuroc(inS, bounds)).toBeLessThanOrEqual(auroc(inS, scores));
        expect(guaranteedAuroc(inS, bounds)).toBe(auroc(inS, bounds));
      }),
    );
  });

  it('gives nothing for bounds that say nothing, on the scale of log-odds', () => {
    const bounds = [1, 1].map((u) => Math.log(u / (1 - u)));
    expect(guaranteedAuroc([40, 3], bounds)).toBe(0);
  });

  it('is a metric that the bootstrap takes', () => {
    const { estimate, lower, upper } = bootstrapInterval(guaranteedAuroc, IN, OUT, { seed: 1, resamples: 100 });
    expect(estimate).toBe(guaranteedAuroc(IN, OUT));
    expect(lower).toBeLessThan(estimate);
    expect(upper).toBeGreaterThan(estimate);
  });

  it.each<[string, unknown, unknown, ErrorCode, string]>([
    ['an empty in side', [], [1], 'EMPTY_INPUT', 'inScores'],
    ['NaN for a bound', [1], [NaN], 'NON_FINITE', 'outUpperBounds'],
    ['bounds that were not awaited', [1], Promise.resolve([1]), 'INVALID_ARGUMENT', 'outUpperBounds'],
  ])('refuses %s', async (_, inS, outS, code, argument) => {
    const call = () => guaranteedAuroc(inS as number[], outS as number[]);
    await expectRefusal(call, { code, fn: 'guaranteedAuroc', argument });
  });
});

describe.each([
  ['auroc', auroc],
  ['aurocBounds', aurocBounds],
] as const)('%s refuses', (fn, metric) => {
  it.each<[string, unknown, unknown, ErrorCode, string]>([
    ['an empty in side', [], [1], 'EMPTY_INPUT', 'inS'],
    ['an empty out side', [1], [], 'EMPTY_INPUT', 'outS'],
    ['NaN in the in side', [1, NaN], [1], 'NON_FINITE', 'inS'],
    ['NaN in the out side', [1], [NaN], 'NON_FINITE', 'outS'],
    ['no array', undefined, [1], 'INVALID_ARGUMENT', 'inS'],
    ['a promise that was not awaited', [1], Promise.resolve([1]), 'INVALID_ARGUMENT', 'outS'],
    ['text', [1], ['1'], 'INVALID_ARGUMENT', 'outS'],
  ])('%s', async (_, inS, outS, code, argument) => {
    await expectRefusal(() => metric(inS as number[], outS as number[]), { code, fn, argument });
  });
});
