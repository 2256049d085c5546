import type { LinearMap } from '../../regions/types';

/** The Gram matrix is squared this often; the bound is too large by a factor of at most `size^(1 / 128)`. */
const SQUARINGS = 5;

/** Far more than what float64 loses in these sums. */
const ROUNDING = 1 + 1e-9;

/**
 * An upper bound on the spectral norm of a map, nearly sharp: with the smaller Gram matrix `G = A A^T` or `A^T A`,
 * `|A|^2 = |G| = |G^p|^(1/p) <= |G^p|_F^(1/p)`.
 */
export function gramNorm(map: LinearMap): number {
  const size = Math.min(map.inputSize, map.outputSize);
  let power = gram(map, size);
  // The true matrix is exp(logScale) times `power`, whose Frobenius norm is kept at 1.
  let logScale = 0;
  for (let n = 0; ; n++) {
    const norm = frobenius(power);
    if (norm === 0) return 0;
    power = power.map((value) => value / norm);
    logScale += Math.log(norm);
    if (n === SQUARINGS) return ROUNDING * Math.exp(logScale / 2 ** (SQUARINGS + 1));
    power = squared(power, size);
    logScale *= 2;
  }
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

function frobenius(matrix: Float64Array): number {
  return Math.sqrt(matrix.reduce((sum, value) => sum + value * value, 0));
}

/** The square of a symmetric matrix. */
function squared(matrix: Float64Array, size: number): Float64Array {
  const result = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let k = 0; k < size; k++) {
      const factor = matrix[i * size + k]!;
      for (let j = 0; j < size; j++) result[i * size + j]! += factor * matrix[k * size + j]!;
    }
  return result;
}
