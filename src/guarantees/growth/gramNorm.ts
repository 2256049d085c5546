import type { LinearMap } from '../../regions/types';
import { powerNorm } from './powerNorm';

/** An upper bound on the spectral norm of a map, nearly sharp, by its smaller Gram matrix `A A^T` or `A^T A`. */
export function gramNorm(map: LinearMap): number {
  const size = Math.min(map.inputSize, map.outputSize);
  return powerNorm(gram(map, size), size);
}

/** `A A^T` if it is the smaller one, else `A^T A`. */
function gram(map: LinearMap, size: number): Float64Array {
  const wide = map.outputSize <= map.inputSize;
  const result = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const inner = new Float64Array(wide ? map.inputSize : map.outputSize);
    const unit = new Float64Array(size);
    unit[i] = 1;
    const row = result.subarray(i * size, (i + 1) * size);
    if (wide) {
      map.addTransposedTo(inner, unit, 1);
      map.addTo(row, inner, 1);
    } else {
      map.addTo(inner, unit, 1);
      map.addTransposedTo(row, inner, 1);
    }
  }
  return result;
}
