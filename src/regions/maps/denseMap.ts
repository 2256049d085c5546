import type { LinearMap } from '../types';
import { listRange } from './changes';
import { addRows, dot, weightedRows } from './rows';

/** Rows of the kernel that several vectors use while they are in the cache. */
const BLOCK = 32;

/** The map of a dense layer with kernel `inputSize` x `outputSize`, row-major. Zeros of x cost nothing. */
export function denseMap(kernel: Float64Array, inputSize: number, outputSize: number): LinearMap {
  const rows = weightedRows(BLOCK);
  return {
    inputSize,
    outputSize,
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
      for (let j = 0; j < inputSize; j++)
        for (let c = 0; c < count; c++)
          x[c * inputSize + j]! += dot(kernel, j * outputSize, y, c * outputSize, outputSize);
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
