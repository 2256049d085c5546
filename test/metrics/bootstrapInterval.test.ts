import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/rng';
import { auroc, bootstrapInterval, fprAtTpr, type ScoreMetric } from '../../src/metrics';
import { aurocInterval } from '../../src/metrics/aurocInterval';
import { expectRefusal } from '../support/expectRefusal';
import { IN, OUT, quantile } from './oracles';

const meanOf = (scores: ArrayLike<number>) => Array.from(scores).reduce((sum, s) => sum + s, 0) / scores.length;
const gap: ScoreMetric = (inS, outS) => meanOf(inS) - meanOf(outS);

describe('bootstrapInterval', () => {
  it('estimates with the metric of the scores as given, inside the interval', () => {
    const { estimate, lower, upper } = bootstrapInterval(auroc, IN, OUT, { seed: 1 });
    expect(estimate).toBe(auroc(IN, OUT));
    expect(lower).toBeLessThan(estimate);
    expect(upper).toBeGreaterThan(estimate);
  });

  it('spans the quantiles of the metric over resamples of both sides, at their own sizes', () => {
    const seen: number[] = [];
    const metric: ScoreMetric = (inS, outS) => {
      expect([inS.length, outS.length]).toEqual([IN.length, OUT.length]);
      expect(Array.from(inS).every((s) => IN.includes(s))).toBe(true);
      expect(Array.from(outS).every((s) => OUT.includes(s))).toBe(true);
      seen.push(gap(inS, outS));
      return gap(inS, outS);
    };
    const { lower, upper } = bootstrapInterval(metric, IN, OUT, { level: 0.8, resamples: 50 });
    expect(seen.length).toBe(51);
    expect(lower).toBeCloseTo(quantile(seen.slice(1), 0.1), 12);
    expect(upper).toBeCloseTo(quantile(seen.slice(1), 0.9), 12);
    expect(new Set(seen).size).toBeGreaterThan(40);
  });

  it('is as wide as the normal approximation for a difference of means', () => {
    const rng = createRng(5);
    const inS = Array.from({ length: 400 }, () => 2 * rng.normal());
    const outS = Array.from({ length: 100 }, () => rng.normal());
    const { lower, upper } = bootstrapInterval(gap, inS, outS, { resamples: 4000, seed: 'width' });
    const variance = (s: number[]) => meanOf(s.map((x) => (x - meanOf(s)) ** 2));
    const width = 2 * 1.959964 * Math.sqrt(variance(inS) / 400 + variance(outS) / 100);
    expect((upper - lower) / width).toBeGreaterThan(0.92);
    expect((upper - lower) / width).toBeLessThan(1.08);
    expect((upper + lower) / 2).toBeCloseTo(gap(inS, outS), 1);
  });

  it('gives the same interval for the same seed and another one for another seed', () => {
    const run = (seed: number) => bootstrapInterval(gap, IN, OUT, { resamples: 100, seed });
    expect(run(7)).toEqual(run(7));
    expect(run(7)).not.toEqual(run(8));
    expect(bootstrapInterval(gap, IN, OUT, { resamples: 100 })).toEqual(run(0));
  });

  it('draws from a stream that is handed in', () => {
    const handedIn = bootstrapInterval(gap, IN, OUT, { resamples: 100, rng: createRng(7) });
    expect(handedIn).toEqual(bootstrapInterval(gap, IN, OUT, { resamples: 100, seed: 7 }));
  });

  it('widens with the level', () => {
    const width = (level: number) => {
      const { lower, upper } = bootstrapInterval(gap, IN, OUT, { resamples: 200, level });
      return upper - lower;
    };
    expect(width(0.5)).toBeLessThan(width(0.9));
    expect(width(0.9)).toBeLessThan(width(0.99));
  });

  it('has no width where every resample is perfect', () => {
    expect(bootstrapInterval(auroc, [2, 3], [0, 1], { resamples: 20 })).toEqual({ estimate: 1, lower: 1, upper: 1 });
  });

  it('collapses to the only value when there is one score a side', () => {
    expect(bootstrapInterval(gap, [3], [1], { resamples: 1 })).toEqual({ estimate: 2, lower: 2, upper: 2 });
  });

  it('leaves its inputs as they are', () => {
    const inS = Float64Array.from(IN);
    const outS = Float64Array.from(OUT);
    bootstrapInterval((a, b) => fprAtTpr(a, b, { tpr: 0.8 }), inS, outS, { resamples: 10 });
    expect([...inS, ...outS]).toEqual([...IN, ...OUT]);
  });

  it.each([
    ['a metric that is no function', 'auroc', [1], [1], {}, 'INVALID_ARGUMENT', 'metric'],
    ['a metric that returns NaN', () => NaN, [1], [1], {}, 'NON_FINITE', 'metric'],
    ['a metric that returns no number', async () => 1, [1], [1], {}, 'INVALID_ARGUMENT', 'metric'],
    ['an empty in side', auroc, [], [1], {}, 'EMPTY_INPUT', 'inS'],
    ['an empty out side', auroc, [1], [], {}, 'EMPTY_INPUT', 'outS'],
    ['NaN', auroc, [1], [NaN], {}, 'NON_FINITE', 'outS'],
    ['level 1', auroc, [1], [1], { level: 1 }, 'INVALID_OPTION', 'level'],
    ['level 0', auroc, [1], [1], { level: 0 }, 'INVALID_OPTION', 'level'],
    ['a percentage', auroc, [1], [1], { level: 95 }, 'INVALID_OPTION', 'level'],
    ['no resamples', auroc, [1], [1], { resamples: 0 }, 'INVALID_OPTION', 'resamples'],
    ['half a resample', auroc, [1], [1], { resamples: 1.5 }, 'INVALID_OPTION', 'resamples'],
  ] as const)('refuses %s', async (_, metric, inS, outS, options, code, argument) => {
    await expectRefusal(() => bootstrapInterval(metric as ScoreMetric, inS, outS, options), {
      code,
      fn: 'bootstrapInterval',
      argument,
    });
  });
});

describe('aurocInterval', () => {
  it('is the interval that sorting every resample gives, to the last bit', () => {
    const rng = createRng(3);
    const scores = (count: number, at: number) =>
      Array.from({ length: count }, () => Math.round(8 * (at + rng.normal())));
    for (const [inS, outS] of [
      [IN, OUT],
      [scores(80, 1), scores(50, 0)],
      [
        [Infinity, 0],
        [-0, -Infinity, 1],
      ],
    ] as const) {
      const { lower, upper } = bootstrapInterval(auroc, inS, outS);
      expect(aurocInterval(inS, outS)).toEqual({ lower, upper });
    }
  });
});
