import { once } from '../../core/once';
import type { LinearMap } from '../types';
import { add } from './changes';

/** The map that multiplies entry i by `factors[i % factors.length]`: batch normalisation, rescaling. */
export function diagonalMap(factors: Float64Array, size: number): LinearMap {
  const period = factors.length;
  const addTo = (y: Float64Array, x: Float64Array, count: number) => {
    for (let at = 0; at < count * size; at += period)
      for (let i = 0; i < period; i++) y[at + i]! += factors[i]! * x[at + i]!;
  };
  return {
    inputSize: size,
    outputSize: size,
    fanIn: 1,
    products: size,
    bytes: factors.byteLength,
    absolute: once(() => diagonalMap(factors.map(Math.abs), size)),
    addTo,
    addTransposedTo: addTo,
    spread(y, x) {
      for (let k = 0; k < x.count; k++) {
        const j = x.entries[k]!;
        if (x.values[j] !== 0) add(y, j, factors[j % period]! * x.values[j]!);
      }
    },
  };
}
