import { once } from '../../core/once';
import type { LinearMap } from '../types';
import { listRange } from './changes';

/** Rows of a matrix with a factor each, collected to be added up; the same two arrays are filled again and again. */
interface WeightedRows {
  readonly factors: Float64Array;
  /** Where each row starts in the matrix. */
  readonly starts: Int32Array;
}

/** Room for `most` rows. */
export function weightedRows(most: number): WeightedRows {
  return { factors: new Float64Array(most), starts: new Int32Array(most) };
}

/** Adds `count` weighted rows of `matrix`, each `length` long, to y from `at` on: four rows at a time. */
export function addRows(
  y: Float64Array,
  at: number,
  length: number,
  matrix: Float64Array,
  { factors, starts }: WeightedRows,
  count: number,
): void {
  let r = 0;
  for (; r + 4 <= count; r += 4) {
    const [f0, f1, f2, f3] = [factors[r]!, factors[r + 1]!, factors[r + 2]!, factors[r + 3]!];
    const [s0, s1, s2, s3] = [starts[r]!, starts[r + 1]!, starts[r + 2]!, starts[r + 3]!];
    for (let i = 0; i < length; i++)
      y[at + i]! += f0 * matrix[s0 + i]! + f1 * matrix[s1 + i]! + f2 * matrix[s2 + i]! + f3 * matrix[s3 + i]!;
  }
  for (; r < count; r++) addRow(y, at, length, matrix, starts[r]!, factors[r]!);
}

/** Adds `factor` times the row of `matrix` that begins at `start` to y from `at` on. */
export function addRow(
  y: Float64Array,
  at: number,
  length: number,
  matrix: Float64Array,
  start: number,
  factor: number,
): void {
  for (let i = 0; i < length; i++) y[at + i]! += factor * matrix[start + i]!;
}

/** The inner product of `length` entries of a from `i` on and of b from `j` on. */
export function dot(a: Float64Array, i: number, b: Float64Array, j: number, length: number): number {
  let even = 0;
  let odd = 0;
  let k = 0;
  for (; k + 2 <= length; k += 2) {
    even += a[i + k]! * b[j + k]!;
    odd += a[i + k + 1]! * b[j + k + 1]!;
  }
  return k < length ? even + odd + a[i + k]! * b[j + k]! : even + odd;
}

/** Lists the entries of y that are not zero, among `length` from `at` on, by value and place; returns how many there are. */
function nonZeros(y: Float64Array, at: number, length: number, { factors, starts }: WeightedRows): number {
  let used = 0;
  for (let i = 0; i < length; i++) {
    const factor = y[at + i]!;
    if (factor === 0) continue;
    factors[used] = factor;
    starts[used++] = i;
  }
  return used;
}

/** Rows of the kernel that several vectors use while they are in the cache. */
const BLOCK = 32;

/** Rows of the kernel of which a few entries are used by several vectors. */
const ROWS = 8;

/** A vector with a smaller share of entries that are not zero is worth looking for them. */
const SPARSE = 0.25;

/** The map of a dense layer with kernel `inputSize` x `outputSize`, row-major. Zeros cost nothing, in either direction. */
export function denseMap(kernel: Float64Array, inputSize: number, outputSize: number): LinearMap {
  const rows = weightedRows(BLOCK);
  const columns = weightedRows(outputSize);

  /** Adds to vectors of x what the few entries of y contribute that are not zero, a block of rows at a time. */
  const addColumns = (x: Float64Array, y: Float64Array, sparse: readonly number[]) => {
    const listed = sparse.map((c) => {
      const used = nonZeros(y, c * outputSize, outputSize, columns);
      return { c, factors: columns.factors.slice(0, used), starts: columns.starts.slice(0, used) };
    });
    for (let first = 0; first < inputSize; first += ROWS) {
      const end = Math.min(first + ROWS, inputSize);
      for (const { c, factors, starts } of listed)
        for (let j = first; j < end; j++) {
          let sum = 0;
          for (let k = 0; k < factors.length; k++) sum += factors[k]! * kernel[j * outputSize + starts[k]!]!;
          x[c * inputSize + j]! += sum;
        }
    }
  };

  return {
    inputSize,
    outputSize,
    fanIn: inputSize,
    products: inputSize * outputSize,
    bytes: kernel.byteLength,
    absolute: once(() => denseMap(kernel.map(Math.abs), inputSize, outputSize)),
    addTo(y, x, count) {
      for (let first = 0; first < inputSize; first += BLOCK) {
        const end = Math.min(first + BLOCK, inputSize);
        for (let c = 0; c < count; c++) {
          let used = 0;
          for (let j = first; j < end; j++) {
            const factor = x[c * inputSize + j]!;
            if (factor === 0) continue;
            rows.factors[used] = factor;
            rows.starts[used++] = j * outputSize;
          }
          addRows(y, c * outputSize, outputSize, kernel, rows, used);
        }
      }
    },
    addTransposedTo(x, y, count) {
      const [full, sparse]: [number[], number[]] = [[], []];
      for (let c = 0; c < count; c++)
        (nonZeros(y, c * outputSize, outputSize, columns) > SPARSE * outputSize ? full : sparse).push(c);
      addColumns(x, y, sparse);
      for (let j = 0; j < inputSize; j++) {
        const row = j * outputSize;
        let f = 0;
        for (; f + 4 <= full.length; f += 4) {
          const [c0, c1, c2, c3] = [full[f]!, full[f + 1]!, full[f + 2]!, full[f + 3]!];
          const [y0, y1, y2, y3] = [c0 * outputSize, c1 * outputSize, c2 * outputSize, c3 * outputSize];
          let [s0, s1, s2, s3] = [0, 0, 0, 0];
          for (let k = 0; k < outputSize; k++) {
            const weight = kernel[row + k]!;
            s0 += weight * y[y0 + k]!;
            s1 += weight * y[y1 + k]!;
            s2 += weight * y[y2 + k]!;
            s3 += weight * y[y3 + k]!;
          }
          x[c0 * inputSize + j]! += s0;
          x[c1 * inputSize + j]! += s1;
          x[c2 * inputSize + j]! += s2;
          x[c3 * inputSize + j]! += s3;
        }
        for (; f < full.length; f++)
          x[full[f]! * inputSize + j]! += dot(kernel, row, y, full[f]! * outputSize, outputSize);
      }
    },
    spread(y, x) {
      listRange(y, 0, outputSize);
      let used = 0;
      for (let k = 0; k < x.count; k++) {
        const j = x.entries[k]!;
        if (x.values[j] === 0) continue;
        rows.factors[used] = x.values[j]!;
        rows.starts[used++] = j * outputSize;
        if (used < BLOCK) continue;
        addRows(y.values, 0, outputSize, kernel, rows, used);
        used = 0;
      }
      addRows(y.values, 0, outputSize, kernel, rows, used);
    },
  };
}
