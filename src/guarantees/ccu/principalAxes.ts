import { symmetricEigen } from '../../core/symmetricEigen';
import { lengthOf } from '../growth/networkGrowth';

/** A direction of length 1, and the mean square of the data along it. */
export interface PrincipalAxis {
  readonly direction: Float64Array;
  readonly variance: number;
}

/**
 * The principal axes of n displacements with d entries each along which they vary, from the largest variance to a share of
 * it. They are eigenvectors of `X^T X / n`, or made of those of `X X^T / n`, whichever is smaller.
 */
export function principalAxes(displacements: readonly Float64Array[], share: number): readonly PrincipalAxis[] {
  const size = displacements[0]!.length;
  const fewRows = displacements.length < size;
  const order = fewRows ? displacements.length : size;
  const products = fewRows ? rowProducts(displacements) : columnProducts(displacements, size);
  const { values, vectors } = symmetricEigen(products, order);
  const largest = values[order - 1]!;
  if (!(largest > 0)) return [];
  const axes = Array.from(values, (variance, i) => ({
    variance,
    vector: vectors.subarray(i * order, (i + 1) * order),
  }));
  return axes
    .filter(({ variance }) => variance >= share * largest)
    .reverse()
    .map(({ variance, vector }) => ({ variance, direction: fewRows ? combined(displacements, vector) : vector }));
}

/** `X^T X / n`, d x d. */
function columnProducts(rows: readonly Float64Array[], size: number): Float64Array {
  const result = new Float64Array(size * size);
  for (const row of rows)
    for (let i = 0; i < size; i++) {
      const factor = row[i]! / rows.length;
      if (factor === 0) continue;
      for (let j = i; j < size; j++) result[i * size + j]! += factor * row[j]!;
    }
  return mirrored(result, size);
}

/** `X X^T / n`, n x n. */
function rowProducts(rows: readonly Float64Array[]): Float64Array {
  const n = rows.length;
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = i; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < rows[i]!.length; k++) sum += rows[i]![k]! * rows[j]![k]!;
      result[i * n + j] = sum / n;
    }
  return mirrored(result, n);
}

/** The matrix with what is above its diagonal below it too. */
function mirrored(matrix: Float64Array, size: number): Float64Array {
  for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) matrix[i * size + j] = matrix[j * size + i]!;
  return matrix;
}

/** A combination of the rows, made as long as 1. */
function combined(rows: readonly Float64Array[], weights: Float64Array): Float64Array {
  const sum = new Float64Array(rows[0]!.length);
  for (const [i, row] of rows.entries()) for (let j = 0; j < sum.length; j++) sum[j]! += weights[i]! * row[j]!;
  const length = lengthOf(sum);
  return sum.map((value) => value / length);
}
