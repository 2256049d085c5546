import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/core/errors';
import { confidenceHistogram, expectedCalibrationError, meanMaxConfidence } from '../../src/metrics';
import { expectRefusal } from '../support/expectRefusal';

const confidences = fc.array(
  fc.oneof(
    fc.double({ min: 0, max: 1, noNaN: true }),
    // Edges of every binning used below.
    fc.integer({ min: 0, max: 100 }).map((k) => k / 100),
    fc.integer({ min: 0, max: 7 }).map((k) => k / 7),
  ),
  { minLength: 1, maxLength: 60 },
);
const binCounts = fc.constantFrom(1, 2, 7, 20, 100);

/** Membership by comparison with the edges alone. */
const inBin = (c: number, k: number, bins: number) => c >= k / bins && (c < (k + 1) / bins || k === bins - 1);

/** The largest double below a positive one. */
function nextDown(x: number): number {
  const bits = new BigUint64Array(Float64Array.of(x).buffer);
  bits[0]!--;
  return new Float64Array(bits.buffer)[0]!;
}

describe('meanMaxConfidence', () => {
  it('is the mean', () => {
    expect(meanMaxConfidence([1, 0.5, 0.75])).toBe(0.75);
    expect(meanMaxConfidence(Float32Array.of(0.25))).toBe(0.25);
  });

  it('lies between the extremes', () => {
    fc.assert(
      fc.property(confidences, (c) => {
        const mean = meanMaxConfidence(c);
        expect(mean).toBeGreaterThanOrEqual(Math.min(...c) - 1e-14);
        expect(mean).toBeLessThanOrEqual(Math.max(...c) + 1e-14);
      }),
    );
  });

  it('stays exact to ten digits over a million examples', () => {
    expect(meanMaxConfidence(new Float64Array(1e6).fill(0.1))).toBeCloseTo(0.1, 10);
  });
});

describe('confidenceHistogram', () => {
  it('has 100 bins over [0, 1] by default', () => {
    const { counts, edges } = confidenceHistogram([0, 0.005, 0.995, 1]);
    expect(counts.length).toBe(100);
    expect([counts[0], counts[99]]).toEqual([2, 2]);
    expect([edges.length, edges[0], edges[29], edges[100]]).toEqual([101, 0, 0.29, 1]);
  });

  it('closes bins on the left, and the last one on both sides', () => {
    const { counts } = confidenceHistogram([0, 0.25, 0.5, 0.75, 1], { bins: 4 });
    expect([...counts]).toEqual([1, 1, 1, 2]);
  });

  it('puts every edge into the bin it opens, although k / bins * bins rounds', () => {
    for (const bins of [3, 7, 10, 20, 49, 100, 1000]) {
      const { edges } = confidenceHistogram([0], { bins });
      const { counts } = confidenceHistogram(edges, { bins });
      expect([...counts]).toEqual(Array.from({ length: bins }, (_, k) => (k === bins - 1 ? 2 : 1)));
    }
  });

  it('puts the last number below an edge into the bin before it', () => {
    for (const bins of [3, 7, 10, 20, 49, 100, 1000]) {
      const below = Array.from({ length: bins }, (_, k) => nextDown((k + 1) / bins));
      expect([...confidenceHistogram(below, { bins }).counts]).toEqual(new Array(bins).fill(1));
    }
  });

  it('agrees with the comparison with every edge', () => {
    fc.assert(
      fc.property(confidences, binCounts, (c, bins) => {
        const { counts } = confidenceHistogram(c, { bins });
        for (let k = 0; k < bins; k++) expect(counts[k]).toBe(c.filter((x) => inBin(x, k, bins)).length);
      }),
    );
  });
});

describe('expectedCalibrationError', () => {
  it('gives the hand-computed value', () => {
    // Bins of a half: {.2, .4} right once: gap |.5 - .3|; {.6, .8, 1} right twice: gap |2/3 - .8|.
    const value = expectedCalibrationError([0.2, 0.4, 0.6, 0.8, 1], [true, false, false, true, true], { bins: 2 });
    expect(value).toBeCloseTo((2 / 5) * 0.2 + (3 / 5) * (0.8 - 2 / 3), 14);
  });

  it('is 0 for a calibrated classifier and 1 for one that is surely wrong', () => {
    expect(expectedCalibrationError([0.5, 0.5, 1], [true, false, true])).toBe(0);
    expect(expectedCalibrationError([1, 1], [false, false])).toBe(1);
  });

  it('uses 20 bins by default', () => {
    const c = [0.91, 0.94, 0.96];
    const correct = [true, false, false];
    // The first two share [.90, .95), the third is alone.
    expect(expectedCalibrationError(c, correct)).toBeCloseTo((0.85 + 0.96) / 3, 14);
    expect(expectedCalibrationError(c, correct)).toBe(expectedCalibrationError(c, correct, { bins: 20 }));
  });

  it('takes 0 and 1 for booleans', () => {
    expect(expectedCalibrationError([0.7, 0.9], Uint8Array.of(1, 0))).toBe(
      expectedCalibrationError([0.7, 0.9], [true, false]),
    );
  });

  it('agrees with the definition, bin by bin', () => {
    fc.assert(
      fc.property(confidences, fc.infiniteStream(fc.boolean()), binCounts, (c, verdicts, bins) => {
        const correct = c.map(() => verdicts.next().value as boolean);
        let expected = 0;
        for (let k = 0; k < bins; k++) {
          const members = c.map((x, i) => ({ x, right: Number(correct[i]) })).filter(({ x }) => inBin(x, k, bins));
          if (members.length === 0) continue;
          const mean = (pick: (m: { x: number; right: number }) => number) =>
            members.reduce((sum, m) => sum + pick(m), 0) / members.length;
          expected += (members.length / c.length) * Math.abs(mean((m) => m.right) - mean((m) => m.x));
        }
        expect(expectedCalibrationError(c, correct, { bins })).toBeCloseTo(expected, 12);
      }),
    );
  });

  it('with one bin is the gap between accuracy and mean confidence', () => {
    fc.assert(
      fc.property(confidences, (c) => {
        const allRight = c.map(() => true);
        expect(expectedCalibrationError(c, allRight, { bins: 1 })).toBeCloseTo(1 - meanMaxConfidence(c), 12);
      }),
    );
  });

  it.each<[string, number[], unknown, ErrorCode]>([
    ['a missing verdict', [0.5, 0.5], [true], 'INVALID_ARGUMENT'],
    ['a verdict that is no yes or no', [0.5], [2], 'INVALID_ARGUMENT'],
    ['no verdicts', [0.5], [], 'EMPTY_INPUT'],
    ['no array of verdicts', [0.5], true, 'INVALID_ARGUMENT'],
  ])('refuses %s', async (_, c, correct, code) => {
    const fn = 'expectedCalibrationError';
    await expectRefusal(() => expectedCalibrationError(c, correct as boolean[]), { code, fn, argument: 'correct' });
  });
});

describe.each([
  ['meanMaxConfidence', (c: ArrayLike<number>) => meanMaxConfidence(c)],
  ['confidenceHistogram', (c: ArrayLike<number>) => confidenceHistogram(c)],
  ['expectedCalibrationError', (c: ArrayLike<number>) => expectedCalibrationError(c, [true])],
] as const)('%s refuses', (fn, work) => {
  it.each<[string, unknown, ErrorCode]>([
    ['an empty array', [], 'EMPTY_INPUT'],
    ['NaN', [NaN], 'NON_FINITE'],
    ['Infinity', [Infinity], 'NON_FINITE'],
    ['a confidence above 1', [1.5], 'OUT_OF_BOUNDS'],
    ['a negative confidence', [-0.1], 'OUT_OF_BOUNDS'],
    ['text', ['0.5'], 'INVALID_ARGUMENT'],
    ['no array', 0.5, 'INVALID_ARGUMENT'],
    ['null', null, 'INVALID_ARGUMENT'],
  ])('%s', async (_, c, code) => {
    await expectRefusal(() => work(c as number[]), { code, fn, argument: 'confidences' });
  });
});

describe.each([
  ['confidenceHistogram', (bins: number) => confidenceHistogram([0.5], { bins })],
  ['expectedCalibrationError', (bins: number) => expectedCalibrationError([0.5], [true], { bins })],
] as const)('%s refuses', (fn, work) => {
  it.each([0, -1, 2.5, NaN, Infinity])('%s bins', async (bins) => {
    await expectRefusal(() => work(bins), { code: 'INVALID_OPTION', fn, argument: 'bins' });
  });
});
