import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/rng';
import { type AuprOptions, aupr } from '../../src/metrics';
import { expectRefusal } from '../support/expectRefusal';
import { anyScores, enumeratePoints, looseScores, mirrored } from './oracles';

function curve(positives: readonly number[], negatives: readonly number[]) {
  const points = enumeratePoints(positives, negatives).map(({ tp, fp }) => ({
    recall: tp / positives.length,
    precision: tp / (tp + fp),
  }));
  return [{ recall: 0, precision: 1 }, ...points];
}

function averagePrecision(positives: readonly number[], negatives: readonly number[]): number {
  const points = curve(positives, negatives);
  return points.reduce((sum, p, i) => sum + (i === 0 ? 0 : (p.recall - points[i - 1]!.recall) * p.precision), 0);
}

function trapezoids(positives: readonly number[], negatives: readonly number[]): number {
  const points = curve(positives, negatives);
  return points.reduce((sum, p, i) => {
    const last = points[i - 1] ?? p;
    return sum + ((p.recall - last.recall) * (p.precision + last.precision)) / 2;
  }, 0);
}

describe('aupr', () => {
  it('gives the average precision of the example in the documentation of scikit-learn', () => {
    expect(aupr([0.35, 0.8], [0.1, 0.4])).toBeCloseTo(0.8333333333333333, 14);
  });

  it('gives the trapezoid area of the same example', () => {
    // (1/2)(1 + 1)/2 + (1/2)(1/2 + 2/3)/2
    expect(aupr([0.35, 0.8], [0.1, 0.4], { method: 'trapezoid' })).toBeCloseTo(0.7916666666666666, 14);
  });

  it('takes tied scores as one point', () => {
    // Points: (recall 1/2, precision 1/2) at 2, then (1, 2/3) at 1.
    expect(aupr([2, 1], [2])).toBeCloseTo(0.5 * 0.5 + 0.5 * (2 / 3), 14);
    expect(aupr([1, 1], [1, 1, 1, 1, 1, 1])).toBe(0.25);
  });

  it('takes low out-scores as the positives with positive: out', () => {
    expect(aupr([3, 4], [1, 2], { positive: 'out' })).toBe(1);
    // From below: 1 (out), 2 (in), 3 (out): 1/2 * 1 + 1/2 * 2/3.
    expect(aupr([2], [1, 3], { positive: 'out' })).toBeCloseTo(5 / 6, 14);
  });

  it('is 1 for perfect separation', () => {
    expect(aupr([2, Infinity], [-Infinity, 1])).toBe(1);
    expect(aupr([2, Infinity], [-Infinity, 1], { method: 'trapezoid' })).toBe(1);
  });

  it('agrees with the enumeration of every threshold', () => {
    fc.assert(
      fc.property(anyScores, anyScores, (inS, outS) => {
        expect(aupr(inS, outS)).toBeCloseTo(averagePrecision(inS, outS), 12);
        expect(aupr(inS, outS, { method: 'trapezoid' })).toBeCloseTo(trapezoids(inS, outS), 12);
        const out = { positive: 'out' } as const;
        expect(aupr(inS, outS, out)).toBeCloseTo(averagePrecision(mirrored(outS), mirrored(inS)), 12);
        expect(aupr(inS, outS, { ...out, method: 'trapezoid' })).toBeCloseTo(
          trapezoids(mirrored(outS), mirrored(inS)),
          12,
        );
      }),
    );
  });

  it('does not change under a strictly rising transform of the scores', () => {
    fc.assert(
      fc.property(looseScores, looseScores, (inS, outS) => {
        const rise = (s: number) => 4 * s;
        expect(aupr(inS.map(rise), outS.map(rise))).toBe(aupr(inS, outS));
      }),
    );
  });

  it('leaves its inputs as they are', () => {
    const inS = Float64Array.of(3, 1, 2);
    const outS = Float64Array.of(2, 0);
    aupr(inS, outS);
    expect([...inS, ...outS]).toEqual([3, 1, 2, 2, 0]);
  });

  it('handles a million scores a side, and then reads the share of positives at chance', () => {
    const rng = createRng(3);
    const inS = Float64Array.from({ length: 1e6 }, () => rng.uniform());
    const outS = Float64Array.from({ length: 1e6 }, () => rng.uniform());
    expect(aupr(inS, outS)).toBeCloseTo(0.5, 2);
  });

  it.each([
    ['an empty in side', [], [1], {}, 'EMPTY_INPUT', 'inS'],
    ['an empty out side', [1], [], {}, 'EMPTY_INPUT', 'outS'],
    ['NaN', [NaN], [1], {}, 'NON_FINITE', 'inS'],
    ['an unknown class', [1], [1], { positive: 'ood' }, 'INVALID_OPTION', 'positive'],
    ['an unknown method', [1], [1], { method: 'auc' }, 'INVALID_OPTION', 'method'],
  ] as const)('refuses %s', async (_, inS, outS, options, code, argument) => {
    await expectRefusal(() => aupr(inS, outS, options as AuprOptions), { code, fn: 'aupr', argument });
  });
});
