import { refuse } from '../../core/check';
import type { Pausing } from '../../core/pausing';
import { principalAxes } from '../../core/principalAxes';
import { byGroup, dot, meanRow, type Parts, type RowScore, row, type Sample, squares } from './rows';

/** How covariances are estimated: by Ledoit and Wolf's shrinkage, or with the share given, 0 for none. */
export type Shrinkage = 'ledoit-wolf' | number;

/** A quadratic form `d^T P d` with `P = sum_i w_i v_i v_i^T + rest (I - sum_i v_i v_i^T)`. */
interface Precision {
  readonly vectors: Float64Array;
  readonly weights: Float64Array;
  readonly rest: number;
}

/** Means of the classes and what distances are measured with; for the relative score those of all data, too. */
export function* fitMahalanobis(fn: string, sample: Sample, shrinkage: Shrinkage, relative: boolean): Pausing<Parts> {
  const { features, size, count } = sample;
  const groups = [...byGroup(sample.groups).values()];
  if (relative && groups.length < 2)
    refuse(
      { fn, argument: 'data' },
      'INVALID_ARGUMENT',
      "examples of two classes or more for 'relative-mahalanobis'",
      'examples of one class',
      "With one class it is zero everywhere: take 'mahalanobis' or 'knn'.",
    );
  const means = new Float64Array(groups.length * size);
  const within = new Float64Array(features.length);
  for (const [place, rows] of groups.entries()) {
    const mean = meanRow(features, size, rows);
    means.set(mean, place * size);
    for (const i of rows) for (let j = 0; j < size; j++) within[i * size + j] = features[i * size + j]! - mean[j]!;
  }
  const own = named('', yield* precisionOf(fn, within, size, shrinkage));
  if (!relative) return { means, ...own };
  const all = Array.from({ length: count }, (_, i) => i);
  const mean = meanRow(features, size, all);
  const centred = features.map((value, i) => value - mean[i % size]!);
  return { means, ...own, mean, ...named('all', yield* precisionOf(fn, centred, size, shrinkage)) };
}

/** `- min_c (phi - m_c)^T P (phi - m_c)`, minus for the relative score the same distance from the mean of all data. */
export function mahalanobisScore(parts: Parts, size: number): RowScore {
  const means = parts.means as Float64Array;
  const own = distanceFrom(unnamed('', parts), means, size);
  const mean = parts.mean as Float64Array | undefined;
  const all = mean && distanceFrom(unnamed('all', parts), mean, size);
  return (features) => (all?.(features) ?? 0) - own(features);
}

/** The least distance from some points; the axes are gone along once for all of them. */
function distanceFrom({ vectors, weights, rest }: Precision, points: Float64Array, size: number) {
  const along = (x: Float64Array) => weights.map((_, i) => dot(row(vectors, i, size), x));
  const starts = Array.from({ length: points.length / size }, (_, c) => along(row(points, c, size)));
  return (x: Float64Array) => {
    const end = along(x);
    const distances = starts.map((start, c) =>
      start.reduce((sum, s, i) => sum + (weights[i]! - rest) * (end[i]! - s) ** 2, rest * squares(x, points, c * size)),
    );
    return Math.min(...distances);
  };
}

/**
 * The inverse of the covariance `(1 - s) S + s tr(S) / D I` of centred rows; with s = 0 the pseudo-inverse. Ledoit and Wolf (2004)
 * choose s so that the expected squared error is least.
 */
function* precisionOf(fn: string, centred: Float64Array, size: number, shrinkage: Shrinkage): Pausing<Precision> {
  const { values, vectors } = yield* principalAxes(centred, size);
  if (values.length === 0)
    refuse(
      { fn, argument: 'data' },
      'INVALID_ARGUMENT',
      'examples whose features differ within a class',
      'features that are the same for all',
      'Pass more examples, or name another layer.',
    );
  const trace = values.reduce((a, b) => a + b);
  const mean = trace / size;
  const share = shrinkage === 'ledoit-wolf' ? ledoitWolf(centred, size, values) : shrinkage;
  const rest = share > 0 ? 1 / (share * mean) : 0;
  return { vectors, weights: values.map((value) => 1 / ((1 - share) * value + share * mean)), rest };
}

/** The share of shrinkage, from the eigenvalues of `X^T X / n` and the lengths of the rows. */
function ledoitWolf(x: Float64Array, size: number, values: Float64Array): number {
  const n = x.length / size;
  const squares = values.reduce((sum, value) => sum + value ** 2, 0);
  const mean = values.reduce((a, b) => a + b) / size;
  const delta = squares - size * mean ** 2;
  let fourth = 0;
  for (let i = 0; i < n; i++) fourth += dot(row(x, i, size), row(x, i, size)) ** 2;
  const beta = Math.min((fourth / n - squares) / n, delta);
  return beta > 0 ? beta / delta : 0;
}

function named(prefix: string, { vectors, weights, rest }: Precision): Parts {
  return { [`${prefix}Vectors`]: vectors, [`${prefix}Weights`]: weights, [`${prefix}Rest`]: rest };
}

function unnamed(prefix: string, parts: Parts): Precision {
  return {
    vectors: parts[`${prefix}Vectors`] as Float64Array,
    weights: parts[`${prefix}Weights`] as Float64Array,
    rest: parts[`${prefix}Rest`] as number,
  };
}
