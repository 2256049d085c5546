import type { Pausing } from './pausing';
import { symmetricEigen } from './symmetricEigen';

/** The directions in which vectors vary, the largest first. */
export interface PrincipalAxes {
  /** Eigenvalues of `X^T X / n`, those that rounding can make of zero left out. */
  readonly values: Float64Array;
  /** Row i is the unit vector of `values[i]`. */
  readonly vectors: Float64Array;
}

/**
 * Eigenvalues and eigenvectors of `X^T X / n` for the n rows of X, taken from the smaller of `X^T X` and `X X^T`. What is below the
 * largest eigenvalue times max(n, size) epsilon counts as zero, as in `scipy.linalg.pinvh`.
 */
export function* principalAxes(x: Float64Array, size: number): Pausing<PrincipalAxes> {
  const n = x.length / size;
  const few = n < size;
  const order = few ? n : size;
  const product = yield* few ? outer(x, n, size) : inner(x, n, size);
  const { values, vectors } = yield* symmetricEigen(
    product.map((value) => value / n),
    order,
  );
  const least = Math.max(0, values[order - 1]!) * Math.max(n, size) * Number.EPSILON;
  const kept = Array.from(values.keys())
    .filter((i) => values[i]! > least)
    .reverse();
  const axes = new Float64Array(kept.length * size);
  for (const [place, i] of kept.entries()) {
    const vector = row(vectors, i, order);
    yield;
    const axis = few ? combined(x, vector, size) : vector;
    axes.set(axis, place * size);
  }
  return { values: Float64Array.from(kept, (i) => values[i]!), vectors: axes };
}

/** `X X^T`. */
function* outer(x: Float64Array, n: number, size: number): Pausing<Float64Array> {
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    yield;
    for (let j = 0; j <= i; j++) result[i * n + j] = result[j * n + i] = dot(row(x, i, size), row(x, j, size));
  }
  return result;
}

/** `X^T X`. */
function* inner(x: Float64Array, n: number, size: number): Pausing<Float64Array> {
  const result = new Float64Array(size * size);
  for (let r = 0; r < n; r++) {
    yield;
    const values = row(x, r, size);
    for (let i = 0; i < size; i++) {
      const value = values[i]!;
      if (value === 0) continue;
      for (let j = 0; j <= i; j++) result[i * size + j]! += value * values[j]!;
    }
  }
  for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) result[j * size + i] = result[i * size + j]!;
  return result;
}

/** `sum_r c_r x_r`, made as long as 1. */
function combined(x: Float64Array, weights: Float64Array, size: number): Float64Array {
  const sum = new Float64Array(size);
  for (const [r, weight] of weights.entries()) for (let j = 0; j < size; j++) sum[j]! += weight * x[r * size + j]!;
  const length = Math.sqrt(dot(sum, sum));
  return sum.map((value) => value / length);
}

function row(matrix: Float64Array, i: number, size: number): Float64Array {
  return matrix.subarray(i * size, (i + 1) * size);
}

/** The sum of the products of two vectors' entries. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!;
  return sum;
}
