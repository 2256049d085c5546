import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atOnce } from '../../src/core/pausing';
import { createRng } from '../../src/core/rng';
import { symmetricEigen } from '../../src/core/symmetricEigen';

/** A symmetric matrix of a rank, some of whose entries off the diagonal are zero. */
function symmetric(n: number, rank: number, seed: number): Float64Array {
  const rng = createRng(seed);
  const factors = Array.from({ length: rank }, () =>
    Array.from({ length: n }, () => (rng.uniform() < 0.4 ? 0 : rng.normal())),
  );
  return Float64Array.from({ length: n * n }, (_, index) => {
    const [i, j] = [Math.floor(index / n), index % n];
    return factors.reduce((sum, factor, r) => sum + (r % 3 === 0 ? -1 : 1) * factor[i]! * factor[j]!, 0);
  });
}

const entries = (n: number) => Array.from({ length: n * n }, (_, index) => [Math.floor(index / n), index % n] as const);

describe('symmetricEigen', () => {
  it('finds orthonormal rows v with A v = lambda v, lambda ascending', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 14 }), fc.nat(1000), (n, rank, seed) => {
        const a = symmetric(n, rank, seed);
        const { values, vectors } = atOnce(symmetricEigen(a, n));
        const size = 1 + Math.max(...values.map(Math.abs));
        for (const [i, j] of entries(n)) {
          const image = Array.from({ length: n }).reduce(
            (sum: number, _, k) => sum + a[j * n + k]! * vectors[i * n + k]!,
            0,
          );
          expect(Math.abs(image - values[i]! * vectors[i * n + j]!)).toBeLessThan(1e-13 * n * size);
          const product = Array.from({ length: n }).reduce(
            (sum: number, _, k) => sum + vectors[i * n + k]! * vectors[j * n + k]!,
            0,
          );
          expect(Math.abs(product - (i === j ? 1 : 0))).toBeLessThan(1e-13 * n);
        }
        expect([...values]).toEqual([...values].sort((x, y) => x - y));
      }),
      { numRuns: 60 },
    );
  });

  it.each([1, -1])('loses no digits where a column is almost a multiple (%d) of a unit vector', (sign) => {
    for (const small of [1e-9, 1e-12]) {
      const a = Float64Array.of(0, sign, small, sign, 0, 0.5, small, 0.5, 0);
      const { values, vectors } = atOnce(symmetricEigen(a, 3));
      for (const [i, j] of entries(3)) {
        const image = [0, 1, 2].reduce((sum, k) => sum + a[3 * j + k]! * vectors[3 * i + k]!, 0);
        expect(Math.abs(image - values[i]! * vectors[3 * i + j]!)).toBeLessThan(2e-15);
      }
    }
  });

  it('knows the eigenvalues 2 - 2 cos(k pi / (n + 1)) of the second difference', () => {
    const n = 40;
    const a = Float64Array.from(entries(n), ([i, j]) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0));
    const { values } = atOnce(symmetricEigen(a, n));
    for (const [k, value] of values.entries())
      expect(value).toBeCloseTo(2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)), 12);
  });
});
