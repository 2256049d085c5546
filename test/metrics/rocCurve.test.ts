import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rocCurve } from '../../src/metrics';
import { expectRefusal } from '../support/expectRefusal';
import { anyScores, enumeratePoints } from './oracles';

describe('rocCurve', () => {
  it('starts at (0, 0) and has one point per distinct score', () => {
    const { fpr, tpr, thresholds } = rocCurve([0.9, 0.5], [0.5, 0.1]);
    expect([...thresholds]).toEqual([Infinity, 0.9, 0.5, 0.1]);
    expect([...fpr]).toEqual([0, 0, 0.5, 1]);
    expect([...tpr]).toEqual([0, 0.5, 1, 1]);
  });

  it('agrees with the enumeration of every threshold', () => {
    fc.assert(
      fc.property(anyScores, anyScores, (inS, outS) => {
        const points = enumeratePoints(inS, outS);
        const { fpr, tpr, thresholds } = rocCurve(inS, outS);
        expect([...thresholds].map((s) => s + 0)).toEqual([Infinity, ...points.map((p) => p.threshold)]);
        expect([...tpr]).toEqual([0, ...points.map((p) => p.tp / inS.length)]);
        expect([...fpr]).toEqual([0, ...points.map((p) => p.fp / outS.length)]);
      }),
    );
  });

  it.each([
    ['an empty in side', [], [1], 'EMPTY_INPUT', 'inS'],
    ['an empty out side', [1], [], 'EMPTY_INPUT', 'outS'],
    ['NaN', [1], [NaN], 'NON_FINITE', 'outS'],
  ] as const)('refuses %s', async (_, inS, outS, code, argument) => {
    await expectRefusal(() => rocCurve(inS, outS), { code, fn: 'rocCurve', argument });
  });
});
