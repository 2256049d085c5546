import { describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import { chooseThreshold, chooseThresholds, conformalPValue } from '../../src/detectors/index';
import { expectRefusal } from '../support/expectRefusal';

/** P(X >= k) of a binomial distribution, term by term in logarithms. */
function binomialTail(n: number, k: number, p: number): number {
  let sum = 0;
  for (let j = k; j <= n; j++) {
    let log = j * Math.log(p) + (n - j) * Math.log1p(-p);
    for (let i = 1; i <= j; i++) log += Math.log(n - j + i) - Math.log(i);
    sum += Math.exp(log);
  }
  return sum;
}

describe('chooseThreshold', () => {
  test.each([
    [19, 0.95, 0],
    [20, 0.95, 0],
    [39, 0.95, 1],
    [360, 0.95, 17],
    [100, 0.9, 9],
    [5, 0.95, 0],
  ])('of %i scores with keep = %d is the one that %i others lie below', (count, keep, below) => {
    const scores = createRng(1)
      .permutation(count)
      .map((value) => value);
    const found = chooseThreshold(scores, { keep });
    expect(found.threshold).toBe(below);
    expect(found.kept).toBe((count - below) / count);
  });

  test.each([
    [20, 0.95],
    [59, 0.95],
    [119, 0.9],
    [1000, 0.99],
  ])('of %i scores promises the lower end of Clopper and Pearson, at %d', (count, certainty) => {
    const { atLeast, threshold } = chooseThreshold(
      Array.from({ length: count }, (_, i) => i),
      { certainty },
    );
    // At that share, as many as were kept, or more, would be kept with a probability of 1 - certainty.
    expect(binomialTail(count, count - threshold, atLeast)).toBeCloseTo(1 - certainty, 9);
  });

  test('of the lowest of n scores promises alpha^(1/n)', () => {
    expect(chooseThreshold([3, 1, 2]).atLeast).toBeCloseTo(0.05 ** (1 / 3), 12);
  });

  test('keeps its promise over 1,000 random splits, and no more than it has to', () => {
    const rng = createRng(7);
    const keep = 0.95;
    const shares = Array.from({ length: 1000 }, () => {
      const scores = Array.from({ length: 150 }, () => rng.normal());
      const { threshold, atLeast } = chooseThreshold(scores, { keep });
      return { share: normalTail(threshold), atLeast };
    });
    const broken = shares.filter(({ share, atLeast }) => share < atLeast).length / shares.length;
    expect(broken).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / 1000));
    expect(broken).toBeGreaterThan(0.05 - 3 * Math.sqrt((0.05 * 0.95) / 1000));
    const mean = shares.reduce((sum, { share }) => sum + share, 0) / shares.length;
    expect(mean).toBeGreaterThan(keep);
    expect(mean).toBeLessThan(keep + 0.01);
  });

  test.each([
    [5, 1, 0.6],
    [6, 4, 0.8],
    [4, 7, 0.9],
    [7, 5, 0.5],
  ])('of %i scores counts for %i later ones how many orders keep a share, at keep = %d', (count, later, keep) => {
    for (const certainty of [0.3, 0.6, 0.8, 0.95]) {
      const { threshold, atLeast } = chooseThreshold(
        Array.from({ length: count }, (_, i) => i),
        { keep, certainty, later },
      );
      const kept = keptInEveryOrder(count, later, threshold + 1);
      const share = (least: number) => kept.filter((number) => number >= least).length / kept.length;
      const least = Math.round(atLeast * later);
      expect(atLeast).toBeCloseTo(least / later, 12);
      expect(share(least)).toBeGreaterThanOrEqual(certainty - 1e-9);
      expect(share(least + 1)).toBeLessThan(certainty);
    }
  });

  test('promises of very many later images what it does of all', () => {
    const scores = Array.from({ length: 360 }, (_, i) => i);
    const [all, many] = [chooseThreshold(scores), chooseThreshold(scores, { later: 1e7 })];
    expect(many.atLeast).toBeCloseTo(all.atLeast, 5);
    const certain = { promise: 'certain', later: 1e5 } as const;
    expect(chooseThreshold(scores, certain).needed).toBe(59);
    expect(chooseThreshold(scores, { ...certain, later: 19 }).needed).toBe(361);
    expect(chooseThreshold(scores, { ...certain, later: 20 }).needed).toBeLessThan(361);
  });

  test('keeps its promise for later images over 1,000 random splits of scores that depend on each other', () => {
    const rng = createRng(11);
    // Whatever they are: the split alone is random.
    const pool = Array.from({ length: 300 }, (_, i) => Math.floor(i / 3) ** 2);
    const count = 200;
    const broken = Array.from({ length: 1000 }, () => {
      const order = Array.from(rng.permutation(pool.length), (place) => pool[place]!);
      const { threshold, atLeast } = chooseThreshold(order.slice(0, count), { later: pool.length - count });
      const kept = order.slice(count).filter((score) => score >= threshold).length;
      return kept / (pool.length - count) < atLeast - 1e-9;
    });
    expect(broken.filter(Boolean).length).toBeLessThanOrEqual(50);
    expect(broken.filter(Boolean).length).toBeGreaterThan(5);
  });

  test.each([
    [60, 0.95, 0.95],
    [150, 0.95, 0.95],
    [400, 0.9, 0.99],
  ])(
    'of %i scores keeps %d with a certainty of %d over 1,000 draws, and could not keep more',
    (count, keep, certainty) => {
      const rng = createRng(10);
      const options = { keep, certainty, promise: 'certain' } as const;
      const draws = Array.from({ length: 1000 }, () => {
        const scores = Array.from({ length: count }, () => rng.uniform());
        const { threshold } = chooseThreshold(scores, options);
        return { kept: 1 - threshold, rank: scores.filter((score) => score <= threshold).length };
      });
      const { rank } = draws[0]!;
      // Fewer are kept when fewer than the rank lie in the lowest share of 1 - keep.
      const exactly = (r: number) => 1 - binomialTail(count, r, 1 - keep);
      expect(exactly(rank)).toBeLessThanOrEqual(1 - certainty);
      expect(exactly(rank + 1)).toBeGreaterThan(1 - certainty);
      const broken = draws.filter(({ kept }) => kept < keep).length / draws.length;
      const error = Math.sqrt((exactly(rank) * (1 - exactly(rank))) / draws.length);
      expect(Math.abs(broken - exactly(rank))).toBeLessThan(3 * error);
    },
  );

  test('keeps its promise where many scores are equal', () => {
    const rng = createRng(8);
    const broken = Array.from({ length: 1000 }, () => {
      const { threshold, atLeast } = chooseThreshold(Array.from({ length: 100 }, () => rng.integer(10)));
      return (10 - threshold) / 10 < atLeast;
    });
    expect(broken.filter(Boolean).length).toBeLessThanOrEqual(50);
  });

  test('says how many scores it takes', () => {
    expect(chooseThreshold([1, 2]).needed).toBe(19);
    expect(chooseThreshold([1, 2], { keep: 0.99 }).needed).toBe(99);
    expect(chooseThreshold([1, 2], { keep: 0.5 }).needed).toBe(1);
  });

  test('takes infinite scores', () => {
    expect(chooseThreshold([Infinity, -Infinity]).threshold).toBe(-Infinity);
  });

  test.each([
    ['nothing', () => chooseThreshold([]), 'EMPTY_INPUT', 'inScores'],
    ['NaN', () => chooseThreshold([Number.NaN]), 'NON_FINITE', 'inScores'],
    ['keep = 1', () => chooseThreshold([1], { keep: 1 }), 'INVALID_OPTION', 'keep'],
    ['certainty = 0', () => chooseThreshold([1], { certainty: 0 }), 'INVALID_OPTION', 'certainty'],
    ['half an image', () => chooseThreshold([1], { later: 0.5 }), 'INVALID_OPTION', 'later'],
  ] as const)('refuses %s', async (_, work, code, argument) => {
    await expectRefusal(work, { code, fn: 'chooseThreshold', argument });
  });
});

describe('chooseThresholds', () => {
  test('are those of each class alone', () => {
    const [scores, classes] = [
      [5, 1, 7, 3],
      [1, 0, 1, 0],
    ];
    expect(chooseThresholds(scores, classes, 3)).toEqual([chooseThreshold([1, 3]), chooseThreshold([5, 7]), undefined]);
  });

  test('refuse a class that there is none of', async () => {
    await expectRefusal(() => chooseThresholds([1], [3], 3), {
      code: 'INVALID_LABELS',
      fn: 'chooseThresholds',
      argument: 'classes',
    });
  });
});

describe('conformalPValue', () => {
  test('is small for low scores and 1 for the highest', () => {
    expect(conformalPValue([1, 2, 3], 0)).toBe(1 / 4);
    expect(conformalPValue([1, 2, 3], 2)).toBe(3 / 4);
    expect(conformalPValue([1, 2, 3], 9)).toBe(1);
  });

  test('is at most p with a probability of at most p', () => {
    const rng = createRng(9);
    const scores = () => Array.from({ length: 30 }, () => rng.normal());
    const values = Array.from({ length: 2000 }, () => conformalPValue(scores(), rng.normal()));
    for (const p of [0.1, 0.5]) {
      const share = values.filter((value) => value <= p).length / values.length;
      expect(share).toBeLessThan(p + 3 * Math.sqrt((p * (1 - p)) / values.length));
    }
  });
});

/** How many of the later scores are no less than the r-th lowest of the others, for every way to choose which come later. */
function keptInEveryOrder(count: number, later: number, rank: number): number[] {
  const all = count + later;
  return Array.from({ length: 2 ** all }, (_, bits) => bits).flatMap((bits) => {
    const comesLater = Array.from({ length: all }, (_, i) => ((bits >> i) & 1) === 1);
    if (comesLater.filter(Boolean).length !== later) return [];
    const places = Array.from({ length: all }, (_, i) => i);
    const limit = places.filter((i) => !comesLater[i])[rank - 1]!;
    return [places.filter((i) => comesLater[i] && i >= limit).length];
  });
}

/** P(X >= x) of the standard normal distribution, by Simpson's rule. */
function normalTail(x: number): number {
  const [steps, end] = [2000, 9];
  const h = (end - x) / steps;
  const density = (t: number) => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
  let sum = density(x) + density(end);
  for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * density(x + i * h);
  return (sum * h) / 3;
}
