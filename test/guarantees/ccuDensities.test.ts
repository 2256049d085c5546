import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atOnce } from '../../src/core/pausing';
import { createRng } from '../../src/core/rng';
import { squaredDistances } from '../../src/core/squaredDistances';
import { largestRadius } from '../../src/guarantees/ccu/ccuClassifier';
import { emStep, fitMixture } from '../../src/guarantees/ccu/fitMixture';
import { displacementOf, embed, type Metric, principalMetric } from '../../src/guarantees/ccu/metric';
import { leastSquaredDistance, logRatio, ratioRadius, worstLogRatio } from '../../src/guarantees/ccu/ratioBounds';
import {
  type CcuModel,
  exactDensity,
  logSumExp,
  type Mixture,
  safeDensities,
} from '../../src/guarantees/ccu/safeDensities';
import { randomStep } from './wrapped';

/** Forty points of two overlapping clouds in three dimensions, without random numbers. */
const clouds = Float64Array.from({ length: 120 }, (_, n) => {
  const i = Math.floor(n / 3);
  const second = i % 3 !== 0;
  if (n % 3 === 0) return (second ? 2.2 : 0) + Math.sin(i * i);
  if (n % 3 === 1) return (second ? 1 : 0) + 0.5 * Math.cos(3 * i);
  return 0.1 * Math.sin(7 * i + 1);
});

describe('principalMetric', () => {
  it('has the variances along the principal axes that numpy finds', () => {
    // python3: np.linalg.eigh(np.cov(X.T, bias=True)) of the clouds
    const mean = (j: number) => clouds.filter((_, n) => n % 3 === j).reduce((a, b) => a + b / 40, 0);
    const rows = Array.from({ length: 40 }, (_, i) =>
      clouds.slice(3 * i, 3 * i + 3).map((value, j) => value - mean(j)),
    );
    const { variances, axes } = atOnce(principalMetric(new Float64Array(3), rows, 1e-6))!;
    expect(axes).toHaveLength(3);
    for (const [i, value] of [1.551078425933, 0.152753936801, 0.004970267407].entries())
      expect(variances[i]).toBeCloseTo(value, 11);
  });

  it('has orthonormal axes, along which the data vary as it says, from fewer examples than entries too', () => {
    const rng = createRng('few');
    const rows = Array.from({ length: 5 }, () => Float64Array.from({ length: 9 }, () => rng.normal()));
    const along = (x: Float64Array, axis: Float64Array) => x.reduce((sum, value, j) => sum + value * axis[j]!, 0);
    const { axes, variances } = atOnce(principalMetric(new Float64Array(9), rows, 1e-9))!;
    expect(axes).toHaveLength(5);
    for (const [i, axis] of axes.entries()) {
      expect(rows.reduce((sum, row) => sum + along(row, axis) ** 2 / 5, 0)).toBeCloseTo(variances[i]!, 12);
      for (const [j, other] of axes.entries()) expect(along(axis, other)).toBeCloseTo(i === j ? 1 : 0, 12);
    }
    const total = rows.reduce((sum, row) => sum + along(row, row) / 5, 0);
    expect(variances.subarray(0, 5).reduce((a, b) => a + b)).toBeCloseTo(total, 12);
    expect(variances[5]).toBe(1e-9 * variances[0]!);
  });

  it('has no metric where nothing varies', () => {
    expect(atOnce(principalMetric(new Float64Array(2), [new Float64Array(2)], 0.1))).toBeUndefined();
  });
});

/** A metric of some dimension, with fewer axes than dimensions. */
function metricOf(dimensions: number, count: number, seed: number): Metric {
  const rng = createRng(seed);
  const rows = Array.from({ length: 50 }, () =>
    Float64Array.from({ length: dimensions }, (_, j) => 2 ** (1 - j) * rng.normal()),
  );
  const { centre, axes, variances } = atOnce(principalMetric(new Float64Array(dimensions), rows, 1e-9))!;
  return {
    centre,
    axes: axes.slice(0, count),
    variances: Float64Array.of(...variances.slice(0, count), variances[count] ?? 0.01),
  };
}

/** `x^T C^-1 x` with C written out and inverted by elimination. */
function mahalanobis({ axes, variances }: Metric, x: Float64Array): number {
  const d = x.length;
  const floor = variances[axes.length]!;
  const rows = Array.from({ length: d }, (_, i) =>
    Array.from({ length: d }, (_, j) => {
      const identity = i === j ? floor : 0;
      return axes.reduce((sum, axis, k) => sum + (variances[k]! - floor) * axis[i]! * axis[j]!, identity);
    }).concat(x[i]!),
  );
  for (let k = 0; k < d; k++)
    for (let i = 0; i < d; i++) {
      if (i === k) continue;
      const factor = rows[i]![k]! / rows[k]![k]!;
      for (let j = k; j <= d; j++) rows[i]![j]! -= factor * rows[k]![j]!;
    }
  return rows.reduce((sum, row, i) => sum + (x[i]! * row[d]!) / row[i]!, 0);
}

describe('embed', () => {
  it('turns distances of the metric into Euclidean ones, and can be undone', () => {
    for (const [dimensions, count] of [
      [2, 1],
      [4, 2],
      [5, 5],
      [1, 1],
    ] as const) {
      const metric = metricOf(dimensions, count, dimensions);
      const x = randomStep(dimensions, 3, createRng(1));
      const squared = embed(metric, x).reduce((sum, value) => sum + value * value, 0);
      expect(squared / mahalanobis(metric, x)).toBeCloseTo(1, 10);
      for (const [j, value] of displacementOf(metric, embed(metric, x)).entries()) expect(value).toBeCloseTo(x[j]!, 12);
    }
  });
});

describe('mixtures', () => {
  const step = (mixture: Mixture, points: Float64Array, dimensions: number, least: number) => {
    const distances = squaredDistances(points, mixture.means, dimensions);
    return atOnce(emStep({ mixture, distances }, points, { dimensions, least }));
  };

  it('have the log-density of products of normal densities', () => {
    const mixture = {
      weights: Float64Array.of(0.3, 0.7),
      means: Float64Array.of(0, 1, 2, -1),
      variances: Float64Array.of(0.5, 2),
    };
    const [x, y] = [0.4, -0.3];
    const normal = (t: number, mean: number, variance: number) =>
      Math.exp(-((t - mean) ** 2) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);
    const density = 0.3 * normal(x, 0, 0.5) * normal(y, 1, 0.5) + 0.7 * normal(x, 2, 2) * normal(y, -1, 2);
    const { heights, rates, means } = exactDensity(mixture, 2);
    const logs = heights.map((height, k) => height - rates[k]! * ((x - means[k]![0]!) ** 2 + (y - means[k]![1]!) ** 2));
    expect(logSumExp(logs)).toBeCloseTo(Math.log(density), 12);
  });

  it('converge by EM to the mixture that scikit-learn finds', () => {
    // python3: GaussianMixture(2, covariance_type='spherical', tol=1e-12, max_iter=1000, reg_covar=0,
    //   means_init=[[0, 0, 0], [2.2, 1, 0]]).fit(X): score(X), weights_, means_, covariances_
    let mixture: Mixture = {
      weights: Float64Array.of(0.5, 0.5),
      means: Float64Array.of(0, 0, 0, 2.2, 1, 0),
      variances: Float64Array.of(1, 1),
    };
    let logLikelihood = 0;
    for (let n = 0; n < 100; n++) ({ mixture, logLikelihood } = step(mixture, clouds, 3, 0));
    expect(logLikelihood).toBeCloseTo(-2.4136955129813686, 9);
    const near = (got: Float64Array, wanted: readonly number[]) => {
      for (const [i, value] of wanted.entries()) expect(got[i]).toBeCloseTo(value, 5);
    };
    near(mixture.weights, [0.328521828949, 0.671478171051]);
    near(
      mixture.means,
      [-0.022025833685, -0.016168929313, 0.003041851055, 1.990232308507, 0.978037083967, 0.005450495415],
    );
    near(mixture.variances, [0.213036083403, 0.192393200364]);
  });

  it('never become less likely by a step of EM, nor narrower than they may be', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), fc.constantFrom(0.01, 0.3, 3), (seed, least) => {
        const rng = createRng(seed);
        const points = Float64Array.from({ length: 60 }, () => rng.normal());
        let mixture: Mixture = {
          weights: Float64Array.of(0.2, 0.5, 0.3),
          means: Float64Array.from({ length: 6 }, () => rng.normal()),
          variances: new Float64Array(3).fill(Math.max(1, least)),
        };
        let before = Number.NEGATIVE_INFINITY;
        for (let n = 0; n < 15; n++) {
          const next = step(mixture, points, 2, least);
          expect(next.logLikelihood).toBeGreaterThanOrEqual(before - 1e-12);
          before = next.logLikelihood;
          ({ mixture } = next);
          for (const variance of mixture.variances) expect(variance).toBeGreaterThanOrEqual(least);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('are fitted again in the same way from the same seed, and stay finite where points coincide', () => {
    const fit = (points: Float64Array) =>
      atOnce(
        fitMixture({
          points,
          size: 2,
          dimensions: 2,
          components: 3,
          iterations: 20,
          rng: createRng(1),
          tell: () => {},
        }),
      );
    const rng = createRng(2);
    const points = Float64Array.from({ length: 60 }, () => rng.uniform());
    expect(fit(points)).toEqual(fit(points));
    const equal = fit(Float64Array.from({ length: 12 }, (_, i) => Math.floor(i / 4)));
    for (const values of Object.values(equal)) for (const value of values) expect(value).toBeLessThan(10);
  });
});

describe('leastSquaredDistance', () => {
  it('is never above the distance of a point of the ball, and that of the nearest up to rounding', () => {
    // Squares of smaller numbers underflow, on both sides of the comparison.
    const numbers = fc.double({ min: -3, max: 3, noNaN: true }).map((value) => (Math.abs(value) < 1e-100 ? 0 : value));
    const squares = fc.constantFrom(1e-4, 0.1, 1, 30);
    const radii = fc.constantFrom(0, 0.1, 1, 4);
    fc.assert(
      fc.property(numbers, numbers, squares, squares, radii, (a, b, v, w, radius) => {
        const least = leastSquaredDistance(
          Float64Array.of(a / Math.sqrt(v), b / Math.sqrt(w)),
          Float64Array.of(v, w),
          radius,
        );
        let found = Number.POSITIVE_INFINITY;
        for (const share of radius === 0 ? [0] : [1, Math.min(1, Math.hypot(a, b) / radius)])
          for (let n = 0; n < 20_000; n++) {
            const angle = (2 * Math.PI * n) / 20_000;
            const x = a + share * radius * Math.cos(angle);
            const y = b + share * radius * Math.sin(angle);
            found = Math.min(found, (x * x) / v + (y * y) / w);
          }
        expect(least).toBeLessThanOrEqual(found);
        // The nearest point of the circle is at most half a step of the search from one that was looked at.
        const halfStep = (Math.PI * radius) / 20_000 / Math.sqrt(Math.min(v, w));
        if (Math.hypot(a, b) > radius) expect(Math.sqrt(least)).toBeGreaterThan(Math.sqrt(found) - halfStep - 1e-5);
        else expect(least).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

/** A model with random mixtures that satisfies the condition. */
function randomModel(seed: number): CcuModel {
  const rng = createRng(seed);
  const metric = metricOf(3, 2, seed);
  const mixture = (count: number, least: number): Mixture => ({
    weights: new Float64Array(count).fill(1 / count),
    means: Float64Array.from(
      Array.from({ length: count }, () => [...embed(metric, randomStep(3, 2 * rng.uniform(), rng))]).flat(),
    ),
    variances: Float64Array.from({ length: count }, () => least * (1 + rng.uniform())),
  });
  return { metric, inside: mixture(4, 0.3), outside: mixture(3, 2.4), lambda: 0.5 + rng.uniform() };
}

/** `log p_in - log(lambda p_out)`, written out, for three dimensions. */
function logRatioAt({ metric, inside, outside, lambda }: CcuModel, displacement: Float64Array): number {
  const point = embed(metric, displacement);
  const log = ({ weights, means, variances }: Mixture) =>
    logSumExp(
      variances.map((variance, k) => {
        const squared = point.reduce((sum, value, j) => sum + (value - means[k * point.length + j]!) ** 2, 0);
        return Math.log(weights[k]!) - 1.5 * Math.log(2 * Math.PI * variance) - squared / (2 * variance);
      }),
    );
  return log(inside) - log(outside) - Math.log(lambda);
}

describe('worstLogRatio', () => {
  it('bounds the ratio over a ball, and is nearly that of the worst point', () => {
    for (let seed = 0; seed < 10; seed++) {
      const model = randomModel(seed);
      const rng = createRng(`ball ${seed}`);
      const safe = safeDensities(model);
      for (const [distance, radius] of [
        [0.5, 0],
        [2, 0.02],
        [3, 1],
        [50, 10],
      ] as const) {
        const middle = randomStep(3, distance, rng);
        const bound = worstLogRatio(model.metric, safe, middle, radius);
        let worst = Number.NEGATIVE_INFINITY;
        for (let n = 0; n < 1000; n++) {
          const step = randomStep(3, radius * (n % 2 === 0 ? 1 : rng.uniform()), rng);
          worst = Math.max(
            worst,
            logRatioAt(
              model,
              middle.map((value, j) => value + step[j]!),
            ),
          );
        }
        expect(worst).toBeLessThanOrEqual(bound);
        if (radius <= 1) expect(bound - worst).toBeLessThan(radius < 0.1 ? 0.3 : 2);
      }
    }
  });

  it('lies below the bound of the paper, with a ball of the metric around the Euclidean one', () => {
    for (let seed = 0; seed < 10; seed++) {
      const model = randomModel(seed);
      const { metric } = model;
      const safe = safeDensities(model);
      const middle = randomStep(3, 3, createRng(seed));
      const point = embed(metric, middle);
      for (const radius of [0.1, 0.3]) {
        const reach = radius / Math.sqrt(Math.min(...metric.variances));
        const distance = (mean: Float64Array) => Math.hypot(...mean.map((value, j) => value - point[j]!));
        const most = safe.inside.heights.map(
          (g, k) => g - safe.inside.rates[k]! * Math.max(0, distance(safe.inside.means[k]!) - reach) ** 2,
        );
        const least = safe.outside.heights.map(
          (h, l) => h - safe.outside.rates[l]! * (distance(safe.outside.means[l]!) + reach) ** 2,
        );
        expect(worstLogRatio(metric, safe, middle, radius)).toBeLessThan(logSumExp(most) - logSumExp(least));
      }
    }
  });
});

describe('safeDensities', () => {
  it('counts what float32 makes of the ratio, which without it would be exceeded', async () => {
    let exceeded = 0;
    for (let seed = 0; seed < 5; seed++) {
      const model = randomModel(seed);
      const rng = createRng(`float32 ${seed}`);
      const steps = Array.from({ length: 40 }, (_, n) => randomStep(3, 10 ** (n / 10), rng).map(Math.fround));
      const ratios = tf.tidy(() => logRatio(model)(tf.tensor2d(steps.map((step) => [...step]))));
      for (const [i, ratio] of (await ratios.data()).entries()) {
        expect(ratio).toBeLessThanOrEqual(worstLogRatio(model.metric, safeDensities(model), steps[i]!, 0));
        if (ratio > logRatioAt(model, steps[i]!)) exceeded++;
      }
      ratios.dispose();
    }
    expect(exceeded).toBeGreaterThan(50);
  });
});

describe('ratioRadius', () => {
  it('is a distance beyond which the ratio stays below the limit, and not a needlessly long one', () => {
    for (let seed = 0; seed < 10; seed++) {
      const model = randomModel(seed);
      const rng = createRng(`far ${seed}`);
      const limit = Math.log(0.01);
      const radius = ratioRadius(model.metric, safeDensities(model), limit);
      const along = (step: Float64Array) => logRatioAt(model, step);
      for (let n = 0; n < 300; n++)
        expect(along(randomStep(3, radius * (1 + 3 * rng.uniform() ** 2), rng))).toBeLessThanOrEqual(limit);
      const farthest = Math.max(
        ...Array.from({ length: 100 }, (_, n) => (radius * n) / 100).filter((r) =>
          [-r, r].some((t) => along(model.metric.axes[0]!.map((value) => t * value)) > limit),
        ),
      );
      expect(radius).toBeLessThan(3 * farthest);
    }
  });
});

describe('largestRadius', () => {
  it('is the last radius that fits, none if the first does not, and endless if all do', () => {
    for (const last of [0.3, 1, 700]) {
      expect(largestRadius((radius) => radius <= last)).toBeLessThanOrEqual(last);
      expect(largestRadius((radius) => radius <= last)).toBeCloseTo(last, 5);
    }
    expect(largestRadius(() => false)).toBe(0);
    expect(largestRadius(() => true)).toBe(Number.POSITIVE_INFINITY);
  });
});
