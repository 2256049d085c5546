import { once } from '../../core/once';
import type { LinearMap } from '../types';
import { add } from './changes';

/** The entries of a sparse matrix, in any order: `values[e]` stands in row `rows[e]` and column `columns[e]`. */
export interface SparseEntries {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly values: readonly number[];
}

/** The map of a matrix with few entries: pooling by averages, batch normalisation, padding, depthwise convolution. */
export function sparseMap(inputSize: number, outputSize: number, { rows, columns, values }: SparseEntries): LinearMap {
  const order = orderBy(columns, inputSize, orderBy(rows, outputSize));
  const row = order.map((e) => rows[e]!);
  const value = Float64Array.from(order, (e) => values[e]!);
  // Entries starts[j] up to starts[j + 1] - 1 are those of column j.
  const starts = new Int32Array(inputSize + 1);
  for (const column of columns) starts[column + 1]!++;
  for (let j = 0; j < inputSize; j++) starts[j + 1]! += starts[j]!;
  return mapOf({ inputSize, outputSize, starts, row, value });
}

/** Places of entries in the ascending order of their keys, whole numbers below `count`; those with equal keys stay in the order given. */
function orderBy(keys: readonly number[], count: number, given?: Int32Array): Int32Array {
  const next = new Int32Array(count + 1);
  for (const key of keys) next[key + 1]!++;
  for (let key = 0; key < count; key++) next[key + 1]! += next[key]!;
  const order = new Int32Array(keys.length);
  for (let n = 0; n < keys.length; n++) {
    const e = given?.[n] ?? n;
    order[next[keys[e]!]!++] = e;
  }
  return order;
}

/** A sparse matrix, column after column. */
interface Columns {
  readonly inputSize: number;
  readonly outputSize: number;
  readonly starts: Int32Array;
  readonly row: Int32Array;
  readonly value: Float64Array;
}

function mapOf(matrix: Columns): LinearMap {
  const { inputSize, outputSize, starts, row, value } = matrix;
  const counts = new Int32Array(outputSize);
  for (const i of row) counts[i]!++;
  return {
    inputSize,
    outputSize,
    fanIn: counts.reduce((a, b) => Math.max(a, b), 0),
    products: value.length,
    bytes: starts.byteLength + row.byteLength + value.byteLength,
    absolute: once(() => mapOf({ ...matrix, value: value.map(Math.abs) })),
    addTo(y, x, count) {
      for (let c = 0; c < count; c++)
        for (let j = 0; j < inputSize; j++) {
          const factor = x[c * inputSize + j]!;
          if (factor === 0) continue;
          for (let e = starts[j]!; e < starts[j + 1]!; e++) y[c * outputSize + row[e]!]! += factor * value[e]!;
        }
    },
    addTransposedTo(x, y, count) {
      for (let c = 0; c < count; c++)
        for (let j = 0; j < inputSize; j++)
          for (let e = starts[j]!; e < starts[j + 1]!; e++)
            x[c * inputSize + j]! += value[e]! * y[c * outputSize + row[e]!]!;
    },
    spread(y, x) {
      for (let k = 0; k < x.count; k++) {
        const j = x.entries[k]!;
        const factor = x.values[j]!;
        if (factor === 0) continue;
        for (let e = starts[j]!; e < starts[j + 1]!; e++) add(y, row[e]!, factor * value[e]!);
      }
    },
  };
}
