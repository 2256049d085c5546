import type { Pausing } from '../../core/pausing';
import { leadingAxes } from '../../core/principalAxes';
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
  const size = centre.length;
  const rows = new Float64Array(displacements.length * size);
  for (const [i, displacement] of displacements.entries()) rows.set(displacement, i * size);
  const { values: variances, vectors } = yield* leadingAxes(rows, size, share);
  const [largest] = variances;
  if (largest === undefined) return undefined;
  return {
    centre,
    axes: Array.from(variances, (_, i) => vectors.slice(i * size, (i + 1) * size)),
    variances: Float64Array.from([...variances, share * largest]),
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
