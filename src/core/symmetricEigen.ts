import type { Pausing } from './pausing';

/** Eigenvalues of a symmetric matrix and what belongs to them. */
export interface SymmetricEigen {
  /** n eigenvalues, ascending. */
  readonly values: Float64Array;
  /** n x n, row-major: row i is the eigenvector of `values[i]`, of length 1, orthogonal to the others. */
  readonly vectors: Float64Array;
}

/** Many more rotations than an eigenvalue takes. */
const MOST_ROUNDS = 60;

/**
 * All eigenvalues and eigenvectors of a symmetric n x n matrix (row-major), in float64: Householder reflections make it
 * tridiagonal, implicit QL steps make that diagonal. About 7 n^3 operations.
 */
export function* symmetricEigen(matrix: Float64Array, n: number): Pausing<SymmetricEigen> {
  const { diagonal, beside, vectors } = yield* tridiagonal(matrix, n);
  for (let i = 0; i < n; i++) yield* settle(i, { diagonal, beside, vectors }, n);
  const order = Array.from(diagonal.keys()).sort((a, b) => diagonal[a]! - diagonal[b]!);
  const sorted = new Float64Array(n * n);
  for (const [place, i] of order.entries()) sorted.set(vectors.subarray(i * n, (i + 1) * n), place * n);
  return { values: Float64Array.from(order, (i) => diagonal[i]!), vectors: sorted };
}

/** A tridiagonal matrix T and orthonormal rows Q with A = Q^T T Q. */
interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** Entry i is T at (i, i + 1); the last one is 0. */
  readonly beside: Float64Array;
  readonly vectors: Float64Array;
}

function* tridiagonal(matrix: Float64Array, n: number): Pausing<Tridiagonal> {
  const rest = matrix.slice();
  const beside = new Float64Array(n);
  const mirrors: Float64Array[] = [];
  for (let k = 0; k < n - 1; k++) {
    const column = rest.slice(k * n + k + 1, (k + 1) * n);
    const mirror = new Float64Array(n);
    const length = Math.sqrt(dot(column, column, 0));
    beside[k] = column[0]! > 0 ? -length : length;
    column[0]! -= beside[k]!;
    const size = Math.sqrt(dot(column, column, 0));
    if (size > 0)
      mirror.set(
        column.map((value) => value / size),
        k + 1,
      );
    mirrors.push(mirror);
    reflectBothSides(rest, mirror, k + 1, n);
    yield;
  }
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  for (let k = n - 2; k >= 0; k--) {
    reflectRows(vectors, mirrors[k]!, k + 1, n);
    yield;
  }
  return { diagonal: Float64Array.from({ length: n }, (_, i) => rest[i * n + i]!), beside, vectors };
}

/** A becomes H A H with H = I - 2 v v^T, where v is zero before `first`: A - v q^T - q v^T, q = 2 (A v - (v^T A v) v). */
function reflectBothSides(a: Float64Array, v: Float64Array, first: number, n: number): void {
  const q = new Float64Array(n);
  for (let i = first; i < n; i++) q[i] = 2 * dot(a.subarray(i * n, (i + 1) * n), v, first);
  const along = dot(q, v, first) / 2;
  for (let i = first; i < n; i++) q[i]! -= 2 * along * v[i]!;
  for (let i = first; i < n; i++) for (let j = first; j < n; j++) a[i * n + j]! -= v[i]! * q[j]! + q[i]! * v[j]!;
}

/** Rows become those of Q H. */
function reflectRows(q: Float64Array, v: Float64Array, first: number, n: number): void {
  for (let i = first; i < n; i++) {
    const row = q.subarray(i * n, (i + 1) * n);
    const twice = 2 * dot(row, v, first);
    for (let j = first; j < n; j++) row[j]! -= twice * v[j]!;
  }
}

/** QL steps until entry i stands alone. */
function* settle(i: number, t: Tridiagonal, n: number): Pausing<void> {
  const { diagonal: d, beside: e } = t;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let end = i;
    while (end < n - 1 && Math.abs(e[end]!) > Number.EPSILON * (Math.abs(d[end]!) + Math.abs(d[end + 1]!))) end++;
    if (end === i) return;
    stepFrom(i, end, t, n);
    yield;
  }
}

/** One QL step on the entries from i to `end`, with the shift of Wilkinson. */
function stepFrom(i: number, end: number, { diagonal: d, beside: e, vectors }: Tridiagonal, n: number): void {
  const half = (d[i + 1]! - d[i]!) / (2 * e[i]!);
  const root = Math.hypot(half, 1);
  let g = d[end]! - d[i]! + e[i]! / (half + (half < 0 ? -root : root));
  let [sine, cosine, shift] = [1, 1, 0];
  for (let k = end - 1; k >= i; k--) {
    const [f, b] = [sine * e[k]!, cosine * e[k]!];
    const r = Math.hypot(f, g);
    e[k + 1] = r;
    if (r === 0) {
      d[k + 1]! -= shift;
      e[end] = 0;
      return;
    }
    [sine, cosine] = [f / r, g / r];
    const h = d[k + 1]! - shift;
    const twist = (d[k]! - h) * sine + 2 * cosine * b;
    shift = sine * twist;
    d[k + 1] = h + shift;
    g = cosine * twist - b;
    rotate(vectors.subarray(k * n, (k + 1) * n), vectors.subarray((k + 1) * n, (k + 2) * n), sine, cosine);
  }
  d[i]! -= shift;
  e[i] = g;
  e[end] = 0;
}

function rotate(lower: Float64Array, upper: Float64Array, sine: number, cosine: number): void {
  for (let j = 0; j < lower.length; j++) {
    const [low, high] = [lower[j]!, upper[j]!];
    upper[j] = sine * low + cosine * high;
    lower[j] = cosine * low - sine * high;
  }
}

/** The product of two vectors whose entries before `first` do not count. */
function dot(a: Float64Array, b: Float64Array, first: number): number {
  let sum = 0;
  for (let i = first; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
