import { once } from '../../core/once';
import type { LinearMap } from '../types';
import { add } from './changes';

/**
 * The map that makes entry i of its result a copy of entry `sources[i]` of x, or 0 where that is -1: padding, cropping,
 * permuting and repeating pixels, and the parts of a concatenation.
 */
export function selectMap(inputSize: number, sources: Int32Array): LinearMap {
  const outputSize = sources.length;
  const copiesOf = once(() => copies(inputSize, sources));
  const map: LinearMap = {
    inputSize,
    outputSize,
    fanIn: 1,
    products: outputSize,
    bytes: sources.byteLength,
    absolute: () => map,
    addTo(y, x, count) {
      for (let c = 0; c < count; c++)
        for (let i = 0; i < outputSize; i++)
          if (sources[i]! >= 0) y[c * outputSize + i]! += x[c * inputSize + sources[i]!]!;
    },
    addTransposedTo(x, y, count) {
      for (let c = 0; c < count; c++)
        for (let i = 0; i < outputSize; i++)
          if (sources[i]! >= 0) x[c * inputSize + sources[i]!]! += y[c * outputSize + i]!;
    },
    spread(y, x) {
      const { starts, places } = copiesOf();
      for (let k = 0; k < x.count; k++) {
        const j = x.entries[k]!;
        if (x.values[j] === 0) continue;
        for (let e = starts[j]!; e < starts[j + 1]!; e++) add(y, places[e]!, x.values[j]!);
      }
    },
  };
  return map;
}

/** Where the copies of each entry are: those of entry j are `places[starts[j]]` up to `places[starts[j + 1] - 1]`. */
function copies(inputSize: number, sources: Int32Array) {
  const starts = new Int32Array(inputSize + 1);
  for (const j of sources) if (j >= 0) starts[j + 1]!++;
  for (let j = 0; j < inputSize; j++) starts[j + 1]! += starts[j]!;
  const places = new Int32Array(starts[inputSize]!);
  const next = starts.slice();
  for (const [i, j] of sources.entries()) if (j >= 0) places[next[j]!++] = i;
  return { starts, places };
}

/**
 * Sources that are chosen along each axis by itself: entry o of axis a of the result stands for `tables[a][o]`, to be added up
 * over the axes, or for nothing where that is -1.
 */
export function sourcesByAxis(tables: readonly Int32Array[]): Int32Array {
  return tables.reduce((before, table) => {
    const result = new Int32Array(before.length * table.length);
    for (const [i, sum] of before.entries())
      for (const [o, step] of table.entries()) result[i * table.length + o] = sum < 0 || step < 0 ? -1 : sum + step;
    return result;
  }, Int32Array.of(0));
}
