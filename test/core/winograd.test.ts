import { describe, expect, it } from 'vitest';
import { filterMatrix, INPUT_MATRIX, outputMatrix, TILE } from '../../src/core/winograd';

const times = (matrix: readonly (readonly number[])[], x: readonly number[]) =>
  matrix.map((row) => row.reduce((sum, value, i) => sum + value * x[i]!, 0));

describe('the matrices of minimal filtering', () => {
  it.each([3, 5])('give the sliding inner products of a tile with a filter of %i values', (size) => {
    const outputs = TILE + 1 - size;
    for (let k = 0; k < size; k++)
      for (let j = 0; j < TILE; j++) {
        const filter = Array.from({ length: size }, (_, i) => (i === k ? 1 : 0));
        const tile = Array.from({ length: TILE }, (_, i) => (i === j ? 1 : 0));
        const [w, d] = [times(filterMatrix(size), filter), times(INPUT_MATRIX, tile)];
        const got = times(
          outputMatrix(outputs),
          w.map((value, p) => value * d[p]!),
        );
        for (let i = 0; i < outputs; i++) expect(got[i]).toBeCloseTo(i + k === j ? 1 : 0, 12);
      }
  });
});
