import { once } from '../../core/once';
import type { LinearMap } from '../types';
import { listRange } from './changes';
import { addRows, dot, nonZeros, weightedRows } from './rows';

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
