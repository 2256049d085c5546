import { describe, expect, it } from 'vitest';
import { atOnce } from '../../src/core/pausing';
import { leadingAxes, principalAxes } from '../../src/core/principalAxes';
import { createRng } from '../../src/core/rng';
import { normals } from '../support/regionModels';

/** `n` rows of normal numbers, entry j times `scales[j]`, turned by mirrors so that no axis is one of coordinates. */
function spread(n: number, scales: readonly number[], seed: string): Float64Array {
  const size = scales.length;
  const x = normals(n * size, createRng(seed)).map((value, i) => value * scales[i % size]!);
  const mirror = normals(size, createRng('mirror'));
  const square = mirror.reduce((sum, value) => sum + value * value, 0);
  for (let r = 0; r < n; r++) {
    const row = x.subarray(r * size, (r + 1) * size);
    const along = (2 * row.reduce((sum, value, j) => sum + value * mirror[j]!, 0)) / square;
    for (let j = 0; j < size; j++) row[j]! -= along * mirror[j]!;
  }
  return x;
}

/** Those of all axes that suffice, and `sum_i v_i v_i^T u` of them, which does not depend on how equal ones are chosen. */
function expectSame(x: Float64Array, size: number, share: number): number {
  const all = atOnce(principalAxes(x, size));
  const some = atOnce(leadingAxes(x, size, share));
  const kept = all.values.filter((value) => value >= share * all.values[0]!);
  expect(some.values.length).toBe(kept.length);
  for (const [i, value] of kept.entries()) expect((some.values[i]! - value) / kept[0]!).toBeCloseTo(0, 11);
  const u = normals(size, createRng('u'));
  const projected = (vectors: Float64Array) => {
    const sum = new Float64Array(size);
    for (let i = 0; i < kept.length; i++) {
      const vector = vectors.subarray(i * size, (i + 1) * size);
      const along = vector.reduce((total, value, j) => total + value * u[j]!, 0);
      for (let j = 0; j < size; j++) sum[j]! += along * vector[j]!;
    }
    return sum;
  };
  const [mine, theirs] = [projected(some.vectors), projected(all.vectors)];
  for (let j = 0; j < size; j++) expect(mine[j]).toBeCloseTo(theirs[j]!, 6);
  return kept.length;
}

describe('leadingAxes', () => {
  it('finds the axes that a decomposition of the whole matrix finds, and as many', () => {
    const scales = Array.from({ length: 200 }, (_, j) => 0.8 ** j);
    expect(expectSame(spread(300, scales, 'many'), 200, 0.01)).toBeGreaterThan(5);
    expect(expectSame(spread(150, scales, 'few'), 200, 1e-6)).toBeGreaterThan(20);
  });

  it('leaves out the same axes where all are found at once, as of a small matrix', () => {
    const scales = Array.from({ length: 12 }, (_, j) => 0.8 ** j);
    expect(expectSame(spread(300, scales, 'small'), 12, 0.05)).toBeLessThan(12);
  });

  it('finds every one of equal axes', () => {
    // Rows are multiples of unit vectors: 12 axes have exactly the same eigenvalue, 3 a smaller one, and all others none.
    const size = 140;
    const x = new Float64Array(size * size);
    for (let r = 0; r < 12; r++) x[r * size + 7 * r] = 3;
    for (let r = 12; r < 15; r++) x[r * size + 7 * r] = 1;
    expect(expectSame(x, size, 0.01)).toBe(15);
    expect(expectSame(x, size, 0.5)).toBe(12);
  });

  it('finds all of them where none is below the share', () => {
    expect(expectSame(spread(400, new Array<number>(140).fill(1), 'flat'), 140, 0.01)).toBe(140);
  });

  it('finds none where nothing varies', () => {
    expect(atOnce(leadingAxes(new Float64Array(150 * 150), 150, 0.01)).values).toHaveLength(0);
  });
});
