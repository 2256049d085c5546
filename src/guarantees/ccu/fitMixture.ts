import { kMeans } from '../../core/kMeans';
import type { Pausing } from '../../core/pausing';
import type { Rng } from '../../core/rng';
import { findSquaredDistances } from '../../core/squaredDistances';
import { logHeights, logSumExp, type Mixture } from './safeDensities';

/** What {@link fitMixture} works on. */
interface MixtureFit {
  /** Embedded points, flat. */
  readonly points: Float64Array;
  /** Entries of one embedded point. */
  readonly size: number;
  /** Entries of one input: the dimensions in which the densities live. */
  readonly dimensions: number;
  readonly components: number;
  readonly iterations: number;
  /** No variance becomes smaller; without it, a tenth of what it is within the clusters of k-means. */
  readonly leastVariance?: number;
  readonly rng: Rng;
  /** Called after every round of k-means and every iteration. */
  readonly tell: (label: string) => void;
}

/** What no variance is below even where all points are means, when those of the principal axes are 1. */
const SMALLEST_VARIANCE = 1e-6;

/** EM ends when the mean log-likelihood rises by less, in nats. */
const SMALLEST_GAIN = 1e-5;

/** Fits a mixture of spherical Gaussians by EM from a k-means start. */
export function* fitMixture(fit: MixtureFit): Pausing<Mixture> {
  const { points, size, dimensions, components, iterations, tell } = fit;
  const means = yield* kMeans(points, size, components, fit.rng, () => tell('k-means'));
  const distances = yield* findSquaredDistances(points, means, size);
  const spread = meanLeast(distances, components) / dimensions;
  const least = fit.leastVariance ?? Math.max(spread / 10, SMALLEST_VARIANCE);
  let state: EmState = {
    mixture: {
      weights: new Float64Array(components).fill(1 / components),
      means,
      variances: new Float64Array(components).fill(Math.max(spread, least)),
    },
    distances,
  };
  let before = Number.NEGATIVE_INFINITY;
  for (let n = 0; n < iterations; n++) {
    const { logLikelihood, ...next } = yield* emStep(state, points, { dimensions, least });
    state = next;
    tell('EM');
    if (logLikelihood - before < SMALLEST_GAIN) break;
    before = logLikelihood;
  }
  return state.mixture;
}

/** The mean over the rows of a matrix of their least entry. */
function meanLeast(matrix: Float64Array, columns: number): number {
  let sum = 0;
  for (let i = 0; i < matrix.length; i += columns)
    sum += matrix.subarray(i, i + columns).reduce((a, b) => Math.min(a, b));
  return (sum * columns) / matrix.length;
}

/** A mixture on its way, and the squared distances of all points from its means, n x M. */
interface EmState {
  readonly mixture: Mixture;
  readonly distances: Float64Array;
}

/** What one step of EM comes to. */
interface EmStep extends EmState {
  /** Mean log-density of the points under the mixture that the step began with. */
  readonly logLikelihood: number;
}

/** What a point adds to a mean with a smaller share is lost to rounding. */
const NEGLIGIBLE = 1e-20;

/** A component that takes less than this many points is given up. */
const LEAST_SHARE = 1e-6;

/**
 * One step of EM for spherical Gaussians in d dimensions whose variances are not below `least`. With responsibilities
 * `r_ik`, `N_k = sum_i r_ik`: `a_k = N_k / n`, `m_k = sum_i r_ik x_i / N_k`, and
 * `s_k = max(least, sum_i r_ik |x_i - m_k|^2 / (d N_k))`. The expected log-likelihood rises in s_k up to the second term and
 * falls beyond it, so this is its maximum under the constraint, and the likelihood never falls.
 */
export function* emStep(
  { mixture, distances }: EmState,
  points: Float64Array,
  { dimensions, least }: { readonly dimensions: number; readonly least: number },
): Pausing<EmStep> {
  const count = mixture.weights.length;
  const size = mixture.means.length / count;
  const { shares, logLikelihood } = responsibilities(mixture, distances, dimensions);
  const all = sumsOver(shares, count);
  const kept = [...all.keys()].filter((k) => all[k]! >= LEAST_SHARE);
  const taken = Float64Array.from(kept, (k) => all[k]!);
  const own = kept.length === count ? shares : shares.filter((_, i) => all[i % count]! >= LEAST_SHARE);
  const means = yield* meansOf(points, size, own, taken);
  const next = yield* findSquaredDistances(points, means, size);
  const scatter = sumsOver(
    next.map((squared, i) => squared * own[i]!),
    taken.length,
  );
  const total = taken.reduce((a, b) => a + b);
  return {
    logLikelihood,
    distances: next,
    mixture: {
      weights: taken.map((points) => points / total),
      means,
      variances: scatter.map((sum, k) => Math.max(least, sum / (dimensions * taken[k]!))),
    },
  };
}

/** How likely each component is to have made each point, n x M. */
function responsibilities(
  mixture: Mixture,
  distances: Float64Array,
  dimensions: number,
): { readonly shares: Float64Array; readonly logLikelihood: number } {
  const count = mixture.weights.length;
  const heights = logHeights(mixture, dimensions);
  const shares = distances.map((squared, i) => heights[i % count]! - squared / (2 * mixture.variances[i % count]!));
  const n = shares.length / count;
  let logLikelihood = 0;
  for (let i = 0; i < n; i++) {
    const row = shares.subarray(i * count, (i + 1) * count);
    const log = logSumExp(row);
    logLikelihood += log / n;
    for (let k = 0; k < count; k++) row[k] = Math.exp(row[k]! - log);
  }
  return { shares, logLikelihood };
}

/** Sums of the columns of a matrix with `count` columns. */
function sumsOver(matrix: Float64Array, count: number): Float64Array {
  const sums = new Float64Array(count);
  for (let i = 0; i < matrix.length; i++) sums[i % count]! += matrix[i]!;
  return sums;
}

/** Means of the points, weighted by the columns of `shares`. */
function* meansOf(
  points: Float64Array,
  size: number,
  shares: Float64Array,
  taken: Float64Array,
): Pausing<Float64Array> {
  const count = taken.length;
  const means = new Float64Array(count * size);
  for (let i = 0; i < shares.length; i++) {
    const k = i % count;
    const share = shares[i]! / taken[k]!;
    if (share < NEGLIGIBLE) continue;
    const from = Math.floor(i / count) * size;
    for (let j = 0; j < size; j++) means[k * size + j]! += share * points[from + j]!;
    yield;
  }
  return means;
}
