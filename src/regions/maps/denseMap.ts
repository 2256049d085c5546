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

/** A vector with a smaller share of entries that are not zero is worth looking for them. */
const SPARSE = 0.25;

/** The map of a dense layer with kernel `inputSize` x `outputSize`, row-major. Zeros cost nothing, in either direction. */
export function denseMap(kernel: Float64Array, inputSize: number, outputSize: number): LinearMap {
  const rows = weightedRows(BLOCK);
  const columns = weightedRows(outputSize);

  /** Adds to vector c of x what the first `used` entries of `columns` contribute. */
  const addColumns = (x: Float64Array, c: number, used: number) => {
    const { factors, starts } = columns;
    for (let j = 0; j < inputSize; j++) {
      let sum = 0;
      for (let k = 0; k < used; k++) sum += factors[k]! * kernel[j * outputSize + starts[k]!]!;
      x[c * inputSize + j]! += sum;
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
      const full: number[] = [];
      for (let c = 0; c < count; c++) {
        const used = nonZeros(y, c * outputSize, outputSize, columns);
        if (used > SPARSE * outputSize) full.push(c);
        else addColumns(x, c, used);
      }
      for (let j = 0; j < inputSize; j++)
        for (const c of full) x[c * inputSize + j]! += dot(kernel, j * outputSize, y, c * outputSize, outputSize);
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
