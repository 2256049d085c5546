import { atOnce, type Pausing } from './pausing';
import { paddedWidth, rowSums } from './rowSums';

/** The squared distances `|x_i - c_l|^2` of n points to m points of d entries each: n x m, row after row. */
export function squaredDistances(x: Float64Array, centres: Float64Array, d: number): Float64Array {
  return atOnce(byDifferences(x, centres, d));
}

/** So many centres or more are worth products. */
const MANY = 16;

/**
 * {@link squaredDistances}, pausing after a few points. To many centres they are off by what rounding makes of the lengths of
 * points and centres, which should not be far larger than the distances.
 */
export function findSquaredDistances(x: Float64Array, centres: Float64Array, d: number): Pausing<Float64Array> {
  return centres.length / d < MANY ? byDifferences(x, centres, d) : byProducts(x, centres, d);
}

function* byDifferences(x: Float64Array, centres: Float64Array, d: number): Pausing<Float64Array> {
  const [n, m] = [x.length / d, centres.length / d];
  const result = new Float64Array(n * m);
  for (let i = 0; i < n; i++) {
    for (let l = 0; l < m; l++) {
      let sum = 0;
      for (let j = 0; j < d; j++) {
        const difference = x[i * d + j]! - centres[l * d + j]!;
        sum += difference * difference;
      }
      result[i * m + l] = sum;
    }
    yield;
  }
  return result;
}

/** Points between two pauses. */
const TOGETHER = 8;

/** As `|x|^2 - 2 x.c + |c|^2`. */
function* byProducts(x: Float64Array, centres: Float64Array, d: number): Pausing<Float64Array> {
  const [n, m] = [x.length / d, centres.length / d];
  const width = paddedWidth(m);
  // Row j has entry j of every centre.
  const matrix = new Float64Array(d * width);
  for (let l = 0; l < m; l++) for (let j = 0; j < d; j++) matrix[j * width + l] = centres[l * d + j]!;
  const squares = Float64Array.from({ length: m }, (_, l) => squaredLength(centres, l * d, d));
  const result = new Float64Array(n * m);
  for (let first = 0; first < n; first += TOGETHER) {
    // Made ready again after each pause, in which others may have used it.
    const { factors, rows, of } = rowSums({ matrix, width });
    for (let j = 0; j < d; j++) rows[j] = j;
    for (let i = first; i < Math.min(first + TOGETHER, n); i++) {
      for (let j = 0; j < d; j++) factors[j] = x[i * d + j]!;
      const products = of(d);
      const square = squaredLength(x, i * d, d);
      for (let l = 0; l < m; l++) result[i * m + l] = Math.max(0, square - 2 * products[l]! + squares[l]!);
    }
    yield;
  }
  return result;
}

function squaredLength(vectors: Float64Array, at: number, d: number): number {
  let sum = 0;
  for (let j = 0; j < d; j++) sum += vectors[at + j]! ** 2;
  return sum;
}
