import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/rng';
import { paddedWidth, plainSums, type RowSums, type Rows, rowSums, vectorSums } from '../../src/core/rowSums';
import { normals } from '../support/regionModels';

const ROWS = 5;
/** Stretches of even and odd lengths, two of which meet in the same place. */
const stretches = {
  size: 9,
  places: Int32Array.of(0, 4, 4, 8),
  entries: Int32Array.of(3, 0, 17, 30),
  lengths: Int32Array.of(4, 3, 5, 1),
};

function rowsOf(width: number, seed: number): Rows {
  return { matrix: normals(ROWS * width, createRng(seed)), width, stretches };
}

const makers: Readonly<Record<string, (rows: Rows) => RowSums | undefined>> = { plainSums, vectorSums };

describe.each(Object.entries(makers))('%s', (_, make) => {
  it.each([0, 1, 3, ROWS])('adds up %i weighted rows, and their stretches to the target', (count) => {
    const rows = rowsOf(32, count);
    const { factors, rows: chosen, target, of, spread } = make(rows)!;
    const weights = normals(count, createRng('weights'));
    factors.set(weights);
    for (let k = 0; k < count; k++) chosen[k] = (2 * k) % ROWS;
    const expected = Array.from({ length: 32 }, (__, j) =>
      weights.reduce((sum, weight, k) => sum + weight * rows.matrix[((2 * k) % ROWS) * 32 + j]!, 0),
    );
    const sum = of(count);
    for (const [j, value] of expected.entries()) expect(sum[j]).toBeCloseTo(value, 13);
    spread(1, 4);
    const added = [0, 0, 0, 0];
    for (const j of [0, 1, 2]) added.push(expected[j]! + expected[17 + j]!);
    added.push(expected[20]!, expected[21]! + expected[30]!);
    for (const [j, value] of added.entries()) expect(target[j]).toBeCloseTo(value, 13);
    target.fill(0);
  });
});

describe('rowSums', () => {
  it('keeps matrices apart, and finds them again after so many others that it had to forget some', () => {
    const width = paddedWidth(2 ** 18 - 3);
    const all = Array.from({ length: 9 }, (_, n) => ({ matrix: new Float64Array(ROWS * width).fill(n + 1), width }));
    for (const n of [0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 8, 1]) {
      const sums = rowSums(all[n]!);
      sums.factors.set([1, 0.5]);
      sums.rows.set([4, 0]);
      expect(sums.of(2)[width - 1]).toBe(1.5 * (n + 1));
    }
  });

  it('does without vectors for a matrix that is too large for their memory', () => {
    expect(vectorSums({ matrix: new Float64Array(2 ** 23), width: 16 })).toBeUndefined();
  });
});
