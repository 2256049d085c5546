import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/rng';
import { add, noChanges } from '../../src/regions/maps/changes';
import { convMap, transposedConvMap, windowAxis } from '../../src/regions/maps/convMap';
import { denseMap } from '../../src/regions/maps/denseMap';
import { depthwiseMap } from '../../src/regions/maps/depthwiseMap';
import { diagonalMap } from '../../src/regions/maps/diagonalMap';
import { selectMap, sourcesByAxis } from '../../src/regions/maps/selectMap';
import { sparseMap } from '../../src/regions/read/shapeLayers';
import type { LinearMap } from '../../src/regions/types';
import { normals } from '../support/regionModels';

const axis = fc
  .record({
    input: fc.integer({ min: 1, max: 6 }),
    window: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 2 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    padding: fc.constantFrom('same', 'valid'),
  })
  .map(({ input, window, stride, dilation, padding }) =>
    windowAxis(Math.max(input, (window - 1) * dilation + 1), window, stride, padding, dilation),
  );
const size = fc.integer({ min: 1, max: 3 });
const seed = fc.integer({ min: 0, max: 1e6 });
const kernelOf = (length: number, seeded: number) => normals(length, createRng(seeded));

/** Maps of every kind, of random sizes. */
const kinds: Readonly<Record<string, fc.Arbitrary<LinearMap>>> = {
  dense: fc.tuple(size, size, seed).map(([a, b, s]) => denseMap(kernelOf(a * b, s), a, b)),
  diagonal: fc.tuple(size, size, seed).map(([a, b, s]) => diagonalMap(kernelOf(a, s), a * b)),
  convolution: fc.tuple(axis, axis, size, size, seed).map(([rows, columns, channels, filters, s]) => {
    const kernel = kernelOf(rows.window * columns.window * channels * filters, s);
    return convMap({ kernel, rows, columns, channels, filters });
  }),
  'transposed convolution': fc.tuple(axis, axis, size, size, seed).map(([rows, columns, channels, filters, s]) => {
    const kernel = kernelOf(rows.window * columns.window * channels * filters, s);
    return transposedConvMap({ kernel, rows, columns, channels, filters });
  }),
  depthwise: fc.tuple(axis, axis, size, size, seed).map(([rows, columns, channels, multiplier, s]) => {
    const kernel = kernelOf(rows.window * columns.window * channels * multiplier, s);
    return depthwiseMap({ kernel, rows, columns, channels, multiplier });
  }),
  average: fc
    .tuple(axis, axis, size)
    .map(([rows, columns, channels]) => depthwiseMap({ rows, columns, channels, average: true })),
  selection: fc
    .tuple(size, fc.array(fc.integer({ min: -1, max: 2 }), { minLength: 1, maxLength: 6 }))
    .map(([inputs, sources]) => selectMap(3 * inputs, Int32Array.from(sources))),
  sparse: fc
    .tuple(size, size, fc.array(fc.tuple(fc.nat(20), fc.nat(20), fc.double({ min: -2, max: 2, noNaN: true }))))
    .map(([a, b, entries]) => {
      const places = new Map(entries.map(([row, column, value]) => [(row % b) * a + (column % a), value]));
      const at = [...places.keys()];
      const rows = at.map((place) => Math.floor(place / a));
      return sparseMap(a, b, { rows, columns: at.map((place) => place % a), values: [...places.values()] });
    }),
};

/** The matrix of a map, row-major, column by column by what it does to unit vectors. */
function matrixOf({ inputSize, outputSize, addTo }: LinearMap): Float64Array {
  const matrix = new Float64Array(outputSize * inputSize);
  for (let j = 0; j < inputSize; j++) {
    const [unit, column] = [new Float64Array(inputSize), new Float64Array(outputSize)];
    unit[j] = 1;
    addTo(column, unit, 1);
    for (const [i, value] of column.entries()) matrix[i * inputSize + j] = value;
  }
  return matrix;
}

describe('a linear map', () => {
  it.each(Object.entries(kinds))('does in every direction what its matrix does: %s', (_, maps) => {
    fc.assert(
      fc.property(maps, seed, (map, s) => {
        const { inputSize: n, outputSize: m } = map;
        const matrix = matrixOf(map);
        const rng = createRng(s);
        const [x, y] = [normals(2 * n, rng), normals(2 * m, rng)];
        const [ahead, back] = [y.slice(), x.slice()];
        map.addTo(ahead, x, 2);
        map.addTransposedTo(back, y, 2);
        // Only some entries of y, the others being zero, are said to matter.
        const listed = Int32Array.from({ length: Math.ceil(m / 2) }, (_, i) => 2 * i);
        const some = y.map((value, i) => ((i % m) % 2 === 0 ? value : 0));
        const [byList, byAll] = [x.slice(), x.slice()];
        map.addTransposedTo(byList, some, 2, listed);
        map.addTransposedTo(byAll, some, 2);
        expect(byList).toEqual(byAll);
        const [sizes, absolute] = [new Float64Array(m), normals(n, rng)];
        map.absolute().addTo(sizes, absolute, 1);
        const changes = noChanges(n);
        const spread = noChanges(m);
        for (let j = 0; j < n; j += 2) add(changes, j, x[j]!);
        map.spread(spread, changes);
        const sum = (terms: number, term: (k: number) => number) =>
          Array.from({ length: terms }, (__, k) => term(k)).reduce((a, b) => a + b, 0);
        for (let i = 0; i < m; i++) {
          for (const c of [0, 1])
            expect(ahead[c * m + i]).toBeCloseTo(y[c * m + i]! + sum(n, (j) => matrix[i * n + j]! * x[c * n + j]!), 10);
          expect(sizes[i]).toBeCloseTo(
            sum(n, (j) => Math.abs(matrix[i * n + j]!) * absolute[j]!),
            10,
          );
          expect(spread.values[i]).toBeCloseTo(
            sum(n, (j) => (j % 2 === 0 ? matrix[i * n + j]! * x[j]! : 0)),
            10,
          );
          if (spread.values[i] !== 0) expect(spread.entries.subarray(0, spread.count)).toContain(i);
          expect(map.fanIn).toBeGreaterThanOrEqual(matrix.subarray(i * n, (i + 1) * n).filter((v) => v !== 0).length);
        }
        for (let j = 0; j < n; j++)
          for (const c of [0, 1])
            expect(back[c * n + j]).toBeCloseTo(x[c * n + j]! + sum(m, (i) => matrix[i * n + j]! * y[c * m + i]!), 10);
        expect(new Set(spread.entries.subarray(0, spread.count)).size).toBe(spread.count);
      }),
      { numRuns: 60, seed: 3 },
    );
  });

  it('transposes what a convolution does', () => {
    const rows = windowAxis(5, 3, 2, 'same');
    const columns = windowAxis(4, 2, 1, 'valid');
    const convolution = { kernel: kernelOf(3 * 2 * 2 * 3, 1), rows, columns, channels: 2, filters: 3 };
    const [forward, backward] = [convMap(convolution), transposedConvMap(convolution)];
    const [matrix, transposed] = [matrixOf(forward), matrixOf(backward)];
    for (let i = 0; i < forward.outputSize; i++)
      for (let j = 0; j < forward.inputSize; j++)
        expect(transposed[j * forward.outputSize + i]).toBe(matrix[i * forward.inputSize + j]);
  });
});

describe('sourcesByAxis', () => {
  it('adds up the steps along the axes, and keeps nothing of an entry that is missing along one', () => {
    const tables = [Int32Array.of(4, -1), Int32Array.of(0, 1, -1)];
    expect([...sourcesByAxis(tables)]).toEqual([4, 5, -1, -1, -1, -1]);
  });
});
