import { kMeans } from '../../core/kMeans';
import { nextTask } from '../../core/nextTask';
import type { Rng } from '../../core/rng';
import { squaredDistances } from '../../core/squaredDistances';
import { type EmState, emStep } from './emStep';
import type { Mixture } from './mixture';

/** What {@link fitMixture} works on. */
export interface MixtureFit {
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
export async function fitMixture(fit: MixtureFit): Promise<Mixture> {
  const { points, size, dimensions, components, iterations, tell } = fit;
  const means = kMeans(points, size, components, fit.rng, () => tell('k-means'));
  const distances = squaredDistances(points, means, size);
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
    const { logLikelihood, ...next } = emStep(state, points, { dimensions, least });
    state = next;
    tell('EM');
    await nextTask();
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
