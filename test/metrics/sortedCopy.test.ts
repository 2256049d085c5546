import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/rng';
import { sortedCopy } from '../../src/metrics/sortedCopy';

const rng = createRng(4);
const ends = [Infinity, -Infinity, 0, -0, 5e-324, -5e-324, Number.MAX_VALUE, -Number.MAX_VALUE];

// Each kind leaves other digits of the radix sort constant, and so other passes skipped.
const kinds: Record<string, (i: number) => number> = {
  'log-odds of both signs': () => 8 * rng.normal(),
  'negative scores': () => rng.normal() - 100,
  'confidences next to 1': () => 1 - 1e-12 * rng.uniform(),
  'scores with many ties': () => rng.integer(10) / 10,
  'one score repeated': () => 0.5,
  'float32 scores': () => Math.fround(rng.uniform()),
  'numbers from all over the range': () => rng.normal() * 10 ** (300 * (2 * rng.uniform() - 1)),
  'infinities, signed zeros and subnormal numbers': (i) => ends[i % ends.length]!,
};

describe('sortedCopy', () => {
  it.each(Object.keys(kinds))('orders %s like the native sort, for short and for long arrays', (kind) => {
    for (const length of [1, 2, 100, 8191, 8192, 30_001]) {
      const scores = Float64Array.from({ length }, (_, i) => kinds[kind]!(i));
      const before = scores.slice();
      const sorted = sortedCopy(scores);
      const expected = scores.slice().sort();
      expect(sorted.length).toBe(length);
      expect(sorted.findIndex((score, i) => !Object.is(score, expected[i]))).toBe(-1);
      expect(scores.every((score, i) => Object.is(score, before[i]))).toBe(true);
    }
  });

  it('takes plain arrays, smaller typed arrays and views into larger buffers', () => {
    expect([...sortedCopy([3, 1, 2])]).toEqual([1, 2, 3]);
    expect([...sortedCopy(Float32Array.of(3, 1, 2))]).toEqual([1, 2, 3]);
    const whole = Float64Array.from({ length: 20_000 }, () => rng.normal());
    const view = whole.subarray(5000, 15_000);
    expect(sortedCopy(view)).toEqual(view.slice().sort());
  });

  it('orders any mixture of numbers, near each other and far apart, like the native sort', () => {
    const number = fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(...ends, 1, 1 + 2 ** -52, 1e-310, 1.5e-323));
    fc.assert(
      fc.property(fc.array(number, { minLength: 1, maxLength: 50 }), fc.integer(), (some, seed) => {
        const order = createRng(seed);
        // Copies, and neighbours whose lowest bits differ, until the array is long enough for the cuts.
        const scores = Float64Array.from({ length: 9000 }, () => {
          const score = some[order.integer(some.length)]!;
          return order.integer(2) === 0 ? score : score * (1 + order.integer(64) * 2 ** -52);
        });
        const expected = scores.slice().sort();
        expect(sortedCopy(scores).findIndex((score, i) => !Object.is(score, expected[i]))).toBe(-1);
      }),
      { numRuns: 60 },
    );
  });

  it('orders numbers each twice the last, and many that crowd at one end of their range', () => {
    const powers = Float64Array.from({ length: 20_000 }, (_, i) => 2 ** ((i * 7919) % 2000) * 2 ** -1040);
    const crowd = Float64Array.from(
      { length: 20_000 },
      (_, i) => 1 + 2 ** -(5 + (((i * 7919) % 20_000) / 20_000) * 47),
    );
    for (const scores of [powers, crowd]) expect(sortedCopy(scores)).toEqual(scores.slice().sort());
  });
});
