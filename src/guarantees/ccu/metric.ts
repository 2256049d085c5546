import type { Pausing } from '../../core/pausing';
import { symmetricEigen } from '../../core/symmetricEigen';
import { lengthOf } from '../growth/networkGrowth';

/**
 * The metric of the mixtures: `d(x, y)^2 = (x - y)^T C^-1 (x - y)`. C has the variances of the data along their first
 * principal axes and one variance, the least, in every direction at right angles to these.
 */
export interface Metric {
  /** Where displacements are measured from: the mean of the data. */
  readonly centre: Float64Array;
  /** Orthonormal, p rows as long as one input. */
  readonly axes: readonly Float64Array[];
  /** Variances along the axes, not below `floor`, and last of all `floor` itself: p + 1 numbers. */
  readonly variances: Float64Array;
}

/** The metric of displacements from their mean, with no variance below a share of the largest; none where nothing varies. */
export function* principalMetric(
  centre: Float64Array,
  displacements: readonly Float64Array[],
  share: number,
): Pausing<Metric | undefined> {
  const axes = yield* principalAxes(displacements, share);
  if (axes.length === 0) return undefined;
  return {
    centre,
    axes: axes.map(({ direction }) => direction),
    variances: Float64Array.from([...axes.map(({ variance }) => variance), share * axes[0]!.variance]),
  };
}

/**
 * A displacement in coordinates whose Euclidean length is that of the metric: p along the axes, and then what is left of
 * it, d more, each divided by its standard deviation.
 */
export function embed({ axes, variances }: Metric, displacement: Float64Array): Float64Array {
  const left = displacement.slice();
  const along = axes.map((axis, i) => {
    const coordinate = dot(axis, displacement);
    for (let j = 0; j < left.length; j++) left[j]! -= coordinate * axis[j]!;
    return coordinate / Math.sqrt(variances[i]!);
  });
  const deviation = Math.sqrt(variances[axes.length]!);
  const rest = left.map((value) => value / deviation);
  return joined(along, rest);
}

/** The displacement that {@link embed} was given. */
export function displacementOf({ axes, variances }: Metric, embedded: Float64Array): Float64Array {
  const deviation = Math.sqrt(variances[axes.length]!);
  const result = embedded.slice(axes.length).map((value) => value * deviation);
  for (const [i, axis] of axes.entries()) {
    const coordinate = embedded[i]! * Math.sqrt(variances[i]!);
    for (let j = 0; j < result.length; j++) result[j]! += coordinate * axis[j]!;
  }
  return result;
}

/** An embedded vector with the length of its last d entries in their place: as many entries as there are variances. */
export function fold({ axes }: Metric, embedded: Float64Array): Float64Array {
  return joined(embedded.subarray(0, axes.length), [lengthOf(embedded.subarray(axes.length))]);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!;
  return sum;
}

function joined(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  const result = new Float64Array(a.length + b.length);
  result.set(a);
  result.set(b, a.length);
  return result;
}

/** A direction of length 1, and the mean square of the data along it. */
interface PrincipalAxis {
  readonly direction: Float64Array;
  readonly variance: number;
}

/**
 * The principal axes of n displacements with d entries each along which they vary, from the largest variance to a share of
 * it. They are eigenvectors of `X^T X / n`, or made of those of `X X^T / n`, whichever is smaller.
 */
function* principalAxes(displacements: readonly Float64Array[], share: number): Pausing<readonly PrincipalAxis[]> {
  const size = displacements[0]!.length;
  const fewRows = displacements.length < size;
  const order = fewRows ? displacements.length : size;
  const products = yield* fewRows ? rowProducts(displacements) : columnProducts(displacements, size);
  const { values, vectors } = yield* symmetricEigen(products, order);
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
function* columnProducts(rows: readonly Float64Array[], size: number): Pausing<Float64Array> {
  const result = new Float64Array(size * size);
  for (const row of rows) {
    for (let i = 0; i < size; i++) {
      const factor = row[i]! / rows.length;
      if (factor === 0) continue;
      for (let j = i; j < size; j++) result[i * size + j]! += factor * row[j]!;
    }
    yield;
  }
  return mirrored(result, size);
}

/** `X X^T / n`, n x n. */
function* rowProducts(rows: readonly Float64Array[]): Pausing<Float64Array> {
  const n = rows.length;
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < rows[i]!.length; k++) sum += rows[i]![k]! * rows[j]![k]!;
      result[i * n + j] = sum / n;
    }
    yield;
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
