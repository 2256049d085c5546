import { kMeans } from '../../core/kMeans';
import { nextTask } from '../../core/nextTask';
import type { Rng } from '../../core/rng';
import { squaredDistances } from '../../core/squaredDistances';
import { emStep } from './emStep';
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
  const spread = withinClusters(points, means, size) / dimensions;
  const least = fit.leastVariance ?? Math.max(spread / 10, SMALLEST_VARIANCE);
  let mixture: Mixture = {
    weights: new Float64Array(components).fill(1 / components),
    means,
    variances: new Float64Array(components).fill(Math.max(spread, least)),
  };
  let before = Number.NEGATIVE_INFINITY;
  for (let n = 0; n < iterations; n++) {
    const step = emStep(mixture, points, { dimensions, least });
    mixture = step.mixture;
    tell('EM');
    await nextTask();
    if (step.logLikelihood - before < SMALLEST_GAIN) break;
    before = step.logLikelihood;
  }
  return mixture;
}

/** The mean squared distance of the points from their nearest mean. */
function withinClusters(points: Float64Array, means: Float64Array, size: number): number {
  const count = means.length / size;
  const distances = squaredDistances(points, means, size);
  let sum = 0;
  for (let i = 0; i < distances.length; i += count)
    sum += distances.subarray(i, i + count).reduce((a, b) => Math.min(a, b));
  return (sum * count) / distances.length;
}
