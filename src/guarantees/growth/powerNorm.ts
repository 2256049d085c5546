import { dot } from '../../regions/maps/denseMap';

/** A matrix is squared this often; the bound is too large by a factor of at most `size^(1 / 128)`. */
const SQUARINGS = 5;

/** Far more than what float64 loses in these sums. */
const ROUNDING = 1 + 1e-9;

/**
 * An upper bound on the root of the spectral norm of a symmetric matrix, nearly sharp: `|G| = |G^p|^(1/p) <= |G^p|_F^(1/p)` with
 * p = 32. With the Gram matrix of a map it bounds the norm of the map.
 *
 * @param enough - Any bound that is not above this will do; a smaller p often finds one.
 */
export function powerNorm(matrix: Float64Array, size: number, enough = 0): number {
  let power = matrix;
  // The true power is exp(logScale) times `power`, whose Frobenius norm is kept at 1.
  let logScale = 0;
  for (let n = 0; ; n++) {
    const norm = frobenius(power);
    if (norm === 0) return 0;
    power = power.map((value) => value / norm);
    logScale += Math.log(norm);
    const bound = ROUNDING * Math.exp(logScale / 2 ** (n + 1));
    if (n === SQUARINGS || bound <= enough) return bound;
    power = squared(power, size);
    logScale *= 2;
  }
}

function frobenius(matrix: Float64Array): number {
  return Math.sqrt(matrix.reduce((sum, value) => sum + value * value, 0));
}

/** The square of a symmetric matrix: entry (i, j) is the inner product of rows i and j. */
function squared(matrix: Float64Array, size: number): Float64Array {
  const result = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      const inner = dot(matrix, i * size, matrix, j * size, size);
      result[i * size + j] = inner;
      result[j * size + i] = inner;
    }
  return result;
}
