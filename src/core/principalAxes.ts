import type { Pausing } from './pausing';
import { createRng, type Rng } from './rng';
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

/** Up to this size all axes are found at once. */
const SMALL = 128;

/** Axes are looked for step by step as long as that takes fewer steps than this share of all axes. */
const MOST_STEPS = 0.5;

/** After so many steps, of any start, the largest eigenvalue is known to about a hundredth (Kuczynski and Wozniakowski 1992). */
const FEWEST_STEPS = 30;

/** What an eigenvalue may be off by, as a share of the largest; it is off by the square of that, once its neighbours are told apart. */
const TOLERANCE = 1e-12;

/**
 * Those {@link principalAxes} whose eigenvalues are at least a share of the largest.
 *
 * Lanczos's method with full reorthogonalisation finds them without forming `X^T X`, from the largest down, but of equal
 * ones perhaps a single one. So it is begun again, with a random vector at right angles to what was found, until nothing more
 * comes up. Where there are too many of them all axes are found at once.
 */
export function* leadingAxes(x: Float64Array, size: number, share: number): Pausing<PrincipalAxes> {
  const most = Math.floor(MOST_STEPS * Math.min(size, x.length / size));
  const found = Math.min(size, x.length / size) > SMALL ? yield* byLanczos(x, size, share, most) : undefined;
  if (found !== undefined) return found;
  const { values, vectors } = yield* principalAxes(x, size);
  const kept = values.filter((value) => value >= share * values[0]!);
  return { values: kept, vectors: vectors.slice(0, kept.length * size) };
}

function* byLanczos(x: Float64Array, size: number, share: number, most: number): Pausing<PrincipalAxes | undefined> {
  const rng = createRng('axes');
  const found: Axis[] = [];
  for (let left = most; ; ) {
    const run = yield* lanczos(x, size, { found, share, most: left, rng });
    if (run === undefined) return undefined;
    left -= run.steps;
    if (run.axes.length === 0) break;
    found.push(...run.axes);
  }
  const sorted = found.sort((a, b) => b.value - a.value);
  const vectors = new Float64Array(sorted.length * size);
  for (const [i, { vector }] of sorted.entries()) vectors.set(vector, i * size);
  return { values: Float64Array.from(sorted, ({ value }) => value), vectors };
}

interface Axis {
  readonly value: number;
  readonly vector: Float64Array;
}

interface Search {
  /** Axes that are known. */
  readonly found: readonly Axis[];
  readonly share: number;
  readonly most: number;
  readonly rng: Rng;
}

/** Further axes of a sufficient eigenvalue, and the steps that took; undefined if they would have been too many. */
function* lanczos(
  x: Float64Array,
  size: number,
  { found, share, most, rng }: Search,
): Pausing<{ readonly axes: readonly Axis[]; readonly steps: number } | undefined> {
  const known = found.map(({ vector }) => vector);
  const largestKnown = found.reduce((largest, { value }) => Math.max(largest, value), 0);
  // What rounding can make of zero does not count.
  const atLeast = Math.max(share, Math.max(x.length / size, size) * Number.EPSILON);
  const basis: Float64Array[] = [];
  const [diagonal, beside]: [number[], number[]] = [[], []];
  let look = FEWEST_STEPS;
  let next = Float64Array.from({ length: size }, () => rng.normal());
  orthogonalise(next, known);
  for (;;) {
    const length = lengthOf(next);
    const scale = Math.max(largestKnown, ...diagonal);
    const ended = basis.length > 0 && length <= size * Number.EPSILON * scale;
    if (ended || basis.length === look) {
      look = Math.ceil(1.1 * look);
      const { values, vectors } = yield* symmetricEigen(tridiagonal(diagonal, beside), basis.length);
      const least = atLeast * Math.max(largestKnown, values.at(-1)!);
      const residual = (i: number) => length * Math.abs(vectors[(i + 1) * basis.length - 1]!);
      const wanted = Array.from(values.keys()).filter((i) => values[i]! > 0 && values[i]! >= least);
      const settled = wanted.every((i) => residual(i) <= TOLERANCE * scale);
      // Of what remains, the largest must be known well enough to be too small.
      const top = values.length - 1;
      const none = wanted.length === 0 && values[top]! + residual(top) < least;
      if (ended || (wanted.length > 0 ? settled : none))
        return { steps: basis.length, axes: wanted.map((i) => axisOf(values[i]!, i, vectors, basis)) };
    }
    if (basis.length >= most) return undefined;
    const direction = next.map((value) => value / length);
    if (basis.length > 0) beside.push(length);
    basis.push(direction);
    next = yield* product(x, size, direction);
    diagonal.push(dot(next, direction));
    // Twice is enough.
    for (let again = 0; again < 2; again++) {
      orthogonalise(next, known);
      orthogonalise(next, basis);
    }
  }
}

function tridiagonal(diagonal: readonly number[], beside: readonly number[]): Float64Array {
  const n = diagonal.length;
  const matrix = new Float64Array(n * n);
  for (const [i, value] of diagonal.entries()) matrix[i * n + i] = value;
  for (const [i, value] of beside.entries()) matrix[i * n + i + 1] = matrix[(i + 1) * n + i] = value;
  return matrix;
}

function axisOf(value: number, i: number, weights: Float64Array, basis: readonly Float64Array[]): Axis {
  const vector = new Float64Array(basis[0]!.length);
  for (const [k, direction] of basis.entries()) addTimes(vector, direction, weights[i * basis.length + k]!);
  const length = lengthOf(vector);
  return { value, vector: vector.map((entry) => entry / length) };
}

/** `X^T X v / n`. */
function* product(x: Float64Array, size: number, v: Float64Array): Pausing<Float64Array<ArrayBuffer>> {
  const n = x.length / size;
  const result = new Float64Array(size);
  let r = 0;
  for (; r + 4 <= n; r += 4) {
    yield;
    const [r0, r1, r2, r3] = [r * size, (r + 1) * size, (r + 2) * size, (r + 3) * size];
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    for (let j = 0; j < size; j++) {
      const value = v[j]!;
      s0 += value * x[r0 + j]!;
      s1 += value * x[r1 + j]!;
      s2 += value * x[r2 + j]!;
      s3 += value * x[r3 + j]!;
    }
    for (let j = 0; j < size; j++) result[j]! += s0 * x[r0 + j]! + s1 * x[r1 + j]! + s2 * x[r2 + j]! + s3 * x[r3 + j]!;
  }
  for (; r < n; r++) {
    const row = x.subarray(r * size, (r + 1) * size);
    addTimes(result, row, dot(row, v));
  }
  return result.map((value) => value / n);
}

function orthogonalise(v: Float64Array, directions: readonly Float64Array[]): void {
  for (const direction of directions) addTimes(v, direction, -dot(v, direction));
}

function addTimes(v: Float64Array, direction: Float64Array, factor: number): void {
  for (let j = 0; j < v.length; j++) v[j]! += factor * direction[j]!;
}

function lengthOf(v: Float64Array): number {
  return Math.sqrt(dot(v, v));
}
