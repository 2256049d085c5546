import { squaredDistances } from '../../core/squaredDistances';
import { componentLogs, logSumExp, type Mixture } from './mixture';

/** What one step of EM comes to. */
export interface EmStep {
  readonly mixture: Mixture;
  /** Mean log-density of the points under the mixture that the step began with. */
  readonly logLikelihood: number;
}

/** A component that takes less than this many points is given up. */
const LEAST_SHARE = 1e-6;

/**
 * One step of EM for spherical Gaussians in d dimensions whose variances are not below `least`. With responsibilities
 * `r_ik`, `N_k = sum_i r_ik`: `a_k = N_k / n`, `m_k = sum_i r_ik x_i / N_k`, and
 * `s_k = max(least, sum_i r_ik |x_i - m_k|^2 / (d N_k))`. The expected log-likelihood rises in s_k up to the second term and
 * falls beyond it, so this is its maximum under the constraint, and the likelihood never falls.
 */
export function emStep(
  mixture: Mixture,
  points: Float64Array,
  { dimensions, least }: { readonly dimensions: number; readonly least: number },
): EmStep {
  const count = mixture.weights.length;
  const size = mixture.means.length / count;
  const shares = componentLogs(mixture, points, dimensions);
  const n = shares.length / count;
  let logLikelihood = 0;
  for (let i = 0; i < n; i++) {
    const row = shares.subarray(i * count, (i + 1) * count);
    const log = logSumExp(row);
    logLikelihood += log / n;
    for (let k = 0; k < count; k++) row[k] = Math.exp(row[k]! - log);
  }
  const taken = sumsOver(shares, count);
  const kept = [...taken.keys()].filter((k) => taken[k]! >= LEAST_SHARE);
  const means = meansOf(points, size, shares, taken);
  const squares = squaredDistances(points, means, size).map((squared, i) => squared * shares[i]!);
  const scatter = sumsOver(squares, count);
  return {
    logLikelihood,
    mixture: {
      weights: normalised(kept.map((k) => taken[k]!)),
      means: Float64Array.from(kept.flatMap((k) => [...means.subarray(k * size, (k + 1) * size)])),
      variances: Float64Array.from(kept, (k) => Math.max(least, scatter[k]! / (dimensions * taken[k]!))),
    },
  };
}

/** Sums of the columns of a matrix with `count` columns. */
function sumsOver(matrix: Float64Array, count: number): Float64Array {
  const sums = new Float64Array(count);
  for (let i = 0; i < matrix.length; i++) sums[i % count]! += matrix[i]!;
  return sums;
}

function normalised(values: readonly number[]): Float64Array {
  const sum = values.reduce((a, b) => a + b, 0);
  return Float64Array.from(values, (value) => value / sum);
}

/** Means of the points, weighted by the columns of `shares`. */
function meansOf(points: Float64Array, size: number, shares: Float64Array, taken: Float64Array): Float64Array {
  const count = taken.length;
  const means = new Float64Array(count * size);
  for (let i = 0; i < shares.length; i++) {
    const k = i % count;
    const share = shares[i]! / taken[k]!;
    if (!(share > 0)) continue;
    const from = Math.floor(i / count) * size;
    for (let j = 0; j < size; j++) means[k * size + j]! += share * points[from + j]!;
  }
  return means;
}
