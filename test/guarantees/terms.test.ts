import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { classifier, confidences } from '../../src/classifier';
import { atOnce } from '../../src/core/pausing';
import { createRng } from '../../src/core/rng';
import { sharpLogitRange } from '../../src/core/softmax';
import { certifiedMaxConfidence, radialTemperature, restoreGuarantee } from '../../src/guarantees';
import { linfBox } from '../../src/guarantees/bounds/interval';
import { nodeInterval } from '../../src/guarantees/bounds/intervalBounds';
import { ccuClassifier } from '../../src/guarantees/ccu/ccuClassifier';
import { embed } from '../../src/guarantees/ccu/metric';
import { logRatio, worstLogRatio } from '../../src/guarantees/ccu/ratioBounds';
import { type CcuModel, exactDensity, type SafeDensities, safeDensities } from '../../src/guarantees/ccu/safeDensities';
import { scoreBound, scoresOf } from '../../src/guarantees/prood/discriminator';
import { cooledClassifier, coolRadius } from '../../src/guarantees/wrapper/cooledClassifier';
import {
  depthOf,
  HORIZON,
  horizonWithin,
  LEAST_HORIZON,
  radiusWithinHorizon,
} from '../../src/guarantees/wrapper/points';
import { toPiecewiseAffine } from '../../src/regions';
import { denseMap } from '../../src/regions/maps/denseMap';
import { onBackend } from '../support/onBackend';
import { confidencesAt } from './wrapped';

// Each of these fails if one term of a bound is left out.

/** How often the sums below are rounded. */
const TIMES = 1024;

/** A little more than half the distance from 1 to the next float32, so that 1 plus it is rounded up, each time it is added. */
const HALF = 2 ** -24 * (1 + 2 ** -10);

/** What a float32 sum of 1 and {@link TIMES} halves is more than it should be. */
const SURPLUS = TIMES * (2 ** -23 - HALF);

/**
 * A dense layer whose sums of ones float32 makes too large, or too small where the sign is -1. What is added last is no bias,
 * because wasm begins with that.
 */
function roundedAlways(signs: readonly number[], last: readonly number[]) {
  const summed = Array.from({ length: TIMES + 1 }, (_, i) => signs.map((sign) => sign * (i === 0 ? 1 : HALF)));
  return layers.dense({
    inputShape: [TIMES + 2],
    units: signs.length,
    useBias: false,
    weights: [tf.tensor2d([...summed, [...last]])],
  });
}

/** The confidence at ones on wasm, whose sums are rounded one product after the other, and its certified bound. */
async function atOnes(model: LayersModel): Promise<readonly [found: number, bound: number]> {
  const ones = tf.ones([1, TIMES + 2]);
  const [found] = await onBackend('wasm', () => confidences(model, ones));
  const [bound] = certifiedMaxConfidence(toPiecewiseAffine(model), ones, 0);
  ones.dispose();
  model.dispose();
  return [found!, bound!];
}

const logistic = (z: number) => 1 / (1 + Math.exp(-z));

describe('an interval', () => {
  it('is widened where a sum loses a summand and nothing is left of it', () => {
    const map = denseMap(Float64Array.of(1, 1, 1), 3, 1);
    const x = Float64Array.of(1, 2 ** -60, -1);
    const node = { layer: 'dense', inputs: [0], size: 1, kind: 'affine' as const, map, offset: undefined };
    const { lower, upper } = nodeInterval(node, [{ lower: x, upper: x }]);
    expect(lower[0]!).toBeLessThanOrEqual(2 ** -60);
    expect(upper[0]!).toBeGreaterThanOrEqual(2 ** -60);
  });

  it('is widened where a sum is much smaller than the offset that it is added to', () => {
    const map = denseMap(Float64Array.of(1), 1, 1);
    const x = Float64Array.of(2 ** -60);
    const node = { layer: 'dense', inputs: [0], size: 1, kind: 'affine' as const, map, offset: Float64Array.of(1) };
    const { upper } = nodeInterval(node, [{ lower: x, upper: x }]);
    expect(upper[0]! - 1).toBeGreaterThanOrEqual(2 ** -60);
  });

  it('holds the points that float32 rounds out of the ball, where the network itself rounds nothing', async () => {
    const model = sequential({ layers: [layers.reLU({ inputShape: [2] })] });
    const net = toPiecewiseAffine(model);
    // The input, the radius and their sum are all rounded up, by half a unit in the last place each, or nearly so.
    const [value, epsilon] = [1 + 2 ** -24 * 1.02, 1 + 2 ** -24 * 3.02];
    const moved = tf.tidy(() => tf.concat([tf.add(tf.tensor2d([[value]]), epsilon), tf.zeros([1, 1])], 1));
    const [found] = await onBackend('wasm', () => confidences(model, moved));
    expect(found!).toBeGreaterThan(logistic((value + epsilon) * (1 + 0.98 * 2 ** -23)));
    const [bound] = certifiedMaxConfidence(net, [[value, 0]], epsilon, { bounds: [0, 4] });
    expect(found!).toBeLessThanOrEqual(bound!);
    moved.dispose();
    model.dispose();
  });

  it('holds the ball in exact arithmetic, whatever float64 rounds', () => {
    const [value, epsilon] = [1, 2 ** -53];
    const where = { fn: 'test', argument: 'x' };
    const { lower, upper } = linfBox(where, Float64Array.of(value, -value), epsilon, [-4, 4], 'real');
    // 1 + 2^-53 and -1 - 2^-53 are rounded to 1 and -1.
    expect(upper[0]! - 1).toBeGreaterThanOrEqual(2 ** -53);
    expect(-1 - lower[1]!).toBeGreaterThanOrEqual(2 ** -53);
  });
});

describe('certifiedMaxConfidence', () => {
  it('counts the errors of both logits of a difference', async () => {
    const [found, bound] = await atOnes(sequential({ layers: [roundedAlways([1, -1], [0, 0])] }));
    const exact = 2 * (1 + TIMES * HALF);
    expect(found).toBeGreaterThan(logistic(exact + 1.9 * SURPLUS));
    expect(found).toBeLessThanOrEqual(bound);
    expect(bound).toBeLessThan(logistic(exact + 2.2 * SURPLUS));
  });

  it('counts the error of a unit that is off in exact arithmetic and on in float32', async () => {
    const threshold = Math.fround(1 + TIMES * HALF + 2 ** -23);
    const unit = roundedAlways([1], [-threshold]);
    const reader = layers.dense({ units: 2, weights: [tf.tensor2d([[1e4, 0]]), tf.zeros([2])] });
    const [found, bound] = await atOnes(sequential({ layers: [unit, layers.reLU(), reader] }));
    expect(found).toBeGreaterThan(0.51);
    expect(found).toBeLessThanOrEqual(bound);
  });

  it('counts the steep slope of a unit that is above its threshold in exact arithmetic and below in float32', async () => {
    const threshold = Math.fround(1 + TIMES * HALF + 2 ** -23);
    const unit = roundedAlways([-1], [threshold]);
    const reader = layers.dense({ units: 2, weights: [tf.tensor2d([[-1e3, 0]]), tf.zeros([2])] });
    const [found, bound] = await atOnes(sequential({ layers: [unit, layers.leakyReLU({ alpha: 8 }), reader] }));
    expect(found).toBeGreaterThan(0.51);
    expect(found).toBeLessThanOrEqual(bound);
  });
});

describe('scoreBound', () => {
  it('counts what float32 loses in the sum of all features', async () => {
    const features = sequential({
      layers: [
        layers.dense({
          inputShape: [1],
          units: TIMES + 1,
          activation: 'relu',
          weights: [tf.zeros([1, TIMES + 1]), tf.ones([TIMES + 1])],
        }),
      ],
    });
    // -1 less a little less than half a unit stays -1.
    const weights = Float32Array.from({ length: TIMES + 1 }, (_, i) => (i === 0 ? -1 : -(2 ** -24) * (1 - 2 ** -10)));
    const discriminator = { features, weights, bias: 0, slope: 1, box: [0, 1] as const };
    const x = tf.tensor2d([[0.5]]);
    const [score] = await onBackend('wasm', async () => {
      const scores = scoresOf(discriminator, x);
      return scores.data().finally(() => scores.dispose());
    });
    const exact = weights.reduce((sum, weight) => sum + weight, 0);
    expect(score! - exact).toBeGreaterThan(0.9 * TIMES * 2 ** -24);
    const half = Float64Array.of(0.5);
    const bound = scoreBound(toPiecewiseAffine(features), discriminator, { lower: half, upper: half }, 'interval');
    expect(atOnce(bound)).toBeGreaterThanOrEqual(score!);
    x.dispose();
    features.dispose();
  });
});

/** What {@link densities} may be told. */
interface Narrow {
  /** Angle of the only axis of the metric, along which the variance is 1. */
  readonly angle?: number;
  /** Variance of the metric at right angles to it. */
  readonly floor?: number;
  /** Where the two Gaussians have their mean, as seen from the centre. */
  readonly at?: readonly [number, number];
  /** Variance of the Gaussian of the data; that of the other one is four times as large. */
  readonly variance?: number;
  readonly lambda?: number;
}

/** One Gaussian of two entries each, inside and outside. */
function densities({ angle = 0.7, floor = 1, at = [0, 0], variance = 1, lambda = 1 }: Narrow): CcuModel {
  const axes = [Float64Array.of(Math.cos(angle), Math.sin(angle))];
  const metric = { centre: new Float64Array(2), axes, variances: Float64Array.of(1, floor) };
  const means = embed(metric, Float64Array.from(at));
  const mixture = (size: number) => ({ weights: Float64Array.of(1), means, variances: Float64Array.of(size) });
  return { metric, inside: mixture(variance), outside: mixture(4 * variance), lambda };
}

/** By how much the ratio in float32 exceeds the one in float64 at most, and its bound, at some points, on cpu and wasm. */
async function excesses(model: CcuModel, safe: SafeDensities, points: readonly (readonly number[])[]) {
  const { metric, inside, outside, lambda } = model;
  const exact = { inside: exactDensity(inside, 2), outside: exactDensity(outside, 2, lambda), blur: 0, unit: 0 };
  let [overExact, overBound] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const backend of ['cpu', 'wasm'] as const)
    await onBackend(backend, async () => {
      const ratios = tf.tidy(() => logRatio(model)(tf.tensor2d(points.map((point) => [...point]))));
      const values = await ratios.data();
      ratios.dispose();
      for (const [i, value] of values.entries()) {
        const x = Float64Array.from(points[i]!, Math.fround);
        overExact = Math.max(overExact, value - worstLogRatio(metric, exact, x, 0));
        overBound = Math.max(overBound, value - worstLogRatio(metric, safe, x, 0));
      }
    });
  return { overExact, overBound };
}

const many = (point: (normal: () => number) => readonly [number, number]) => {
  const rng = createRng('points');
  return Array.from({ length: 300 }, () => point(() => rng.normal()));
};

describe('the ratio of two densities in float32', () => {
  it('is below its bound where the coordinates in the metric lose all digits', async () => {
    // Points on the axis, of which rounding is all that is left at right angles to it.
    const [angle, at] = [0.7, [Math.cos(0.7), Math.sin(0.7)] as const];
    const model = densities({ angle, floor: 1e-16, at });
    const points = many((normal) => {
      const t = 1 + 0.01 * normal();
      return [t * at[0], t * at[1]];
    });
    const { overExact, overBound } = await excesses(model, safeDensities(model), points);
    expect(overExact).toBeGreaterThan(1);
    expect(overBound).toBeLessThanOrEqual(0);
  });

  it('is below its bound at the mean of a narrow Gaussian, whose distance is a difference of large numbers', async () => {
    const at = [0.3, 0.8] as const;
    const model = densities({ at, variance: 2 ** -40 });
    const points = many((normal) => [at[0] + 1e-7 * normal(), at[1] + 1e-7 * normal()]);
    const { overExact, overBound } = await excesses(model, safeDensities(model), points);
    expect(overExact).toBeGreaterThan(1e4);
    expect(overBound).toBeLessThanOrEqual(0);
  });

  it('is below its bound far away, where a distance has a large error although the coordinates have none', async () => {
    const model = densities({ angle: 0 });
    const points = many((normal) => [1e6 * normal(), 1e6 * normal()]);
    const { overExact, overBound } = await excesses(model, { ...safeDensities(model), blur: 0 }, points);
    expect(overExact).toBeGreaterThan(1e3);
    expect(overBound).toBeLessThanOrEqual(0);
  });

  it('is below its bound where a logarithm is large', async () => {
    const model = densities({ lambda: 1e300 });
    const { overExact, overBound } = await excesses(model, safeDensities(model), [[0, 0]]);
    expect(overExact).toBeGreaterThan(1e-5);
    expect(overBound).toBeLessThanOrEqual(0);
  });
});

describe('horizonWithin', () => {
  it('is the largest power of two whose box lies within reach of the centre', () => {
    for (const [d, offset, reach] of [
      [1, 0, 2 ** 30],
      [9, 0, 2 ** 30 - 1],
      [4, 2 ** 29, 2 ** 31],
      [784, 2 ** 33, 1e15],
      [2, 3, 1.5e25],
    ] as const) {
      const centre = new Float64Array(d).fill(-offset / 3);
      centre[0] = -offset;
      const horizon = horizonWithin(reach, centre);
      expect(Math.sqrt(d) * (horizon + offset)).toBeLessThanOrEqual(reach);
      expect(Math.sqrt(d) * (2 * horizon + offset)).toBeGreaterThan(reach);
    }
  });

  it('is kept between limits', () => {
    expect(horizonWithin(1, Float64Array.of(0))).toBe(LEAST_HORIZON);
    expect(horizonWithin(1e300, Float64Array.of(0))).toBe(HORIZON);
  });
});

describe('ccuClassifier', () => {
  it.each([
    ['the metric', densities({ floor: 2 ** -60 })],
    ['a Gaussian', densities({ variance: 2 ** -60 })],
  ])('sees inputs no larger than float32 can square them where %s is narrow', async (_, model) => {
    const net = classifier((x) => tf.tidy(() => tf.mul(x, 0) as tf.Tensor2D), { inputShape: [2] });
    const points = tf.tensor2d([
      [3e38, -3e38],
      [1e30, 0],
      [1e12, 1e12],
    ]);
    for (const backend of ['cpu', 'wasm'] as const)
      await onBackend(backend, async () => {
        expect([...(await confidences(ccuClassifier(net, model), points))]).toEqual([0.5, 0.5, 0.5]);
      });
    points.dispose();
  });
});

describe('lastLayerLaplace', () => {
  it('sees inputs no larger than float32 can multiply by a wide posterior', async () => {
    const model = sequential({
      layers: [
        layers.dense({
          inputShape: [2],
          units: 2,
          activation: 'relu',
          weights: [tf.tensor2d([[2 ** 30, 0], [0, 2 ** 30]]), tf.zeros([2])], // biome-ignore format: a matrix
        }),
        layers.dense({ units: 2, weights: [tf.tensor2d([[1, 0], [0, 1]]), tf.zeros([2])] }), // biome-ignore format: a matrix
      ],
    });
    const safe = await restoreGuarantee(model, {
      method: 'lastLayerLaplace',
      inputShape: [2],
      bounds: [0, 1],
      centre: [0, 0],
      priorPrecision: 1e-12,
      factor: [1e6, 0, 1e6, 0, 0, 1e6],
    });
    const points = [[3e38, 1e38], [1e27, 0], [-3e38, 3e38]]; // biome-ignore format: a matrix
    for (const backend of ['cpu', 'wasm'] as const)
      await onBackend(backend, async () => {
        for (const confidence of await confidencesAt(safe, points)) expect(confidence).toBeGreaterThan(0.499);
      });
    model.dispose();
  });
});

describe('farAwayRadius', () => {
  /** A classifier of one entry whose logits are constant, cooled by `1 + (x - c)^2`. */
  const constant = (difference: number, centre: number, horizon: number) => {
    const logits = (x: tf.Tensor) => tf.tidy(() => tf.add(tf.mul(x, 0), [difference, 0]) as tf.Tensor2D);
    const net = classifier(logits, { inputShape: [1] });
    const flat = { atCentre: difference, perUnit: 0 };
    const growth = {
      pairs: new Float64Array(4),
      range: flat,
      error: { atCentre: 0, perUnit: 0 },
      reach: 2 ** 120,
    };
    const at = (r: number) => 1 + r * r;
    return cooledClassifier(
      { net, centre: Float64Array.of(centre), growth, horizon },
      {
        divide: (z, displacement) => {
          const a = tf.maximum(1, tf.abs(displacement));
          return tf.div(tf.div(tf.div(z, a), a), tf.add(tf.square(tf.div(1, a)), tf.square(tf.div(displacement, a))));
        },
        range: ([x], radius) => ({ least: at(Math.max(0, Math.abs(x!) - radius)), largest: at(Math.abs(x!) + radius) }),
        least: at,
        leastSlope: (r) => 2 * r,
      },
    );
  };

  it('promises nothing beyond where an entry of some ray is clipped', async () => {
    const safe = constant(2, 2, 4);
    expect(depthOf(safe.centre, 4)).toBe(2);
    // Cooled as far as at a distance of 1.9, and of 3, which rays to the right never come to.
    const epsilonAt = (r: number) => logistic(2 / (1 + r * r)) - 0.5;
    expect(safe.farAwayRadius(epsilonAt(1.9))).toBeCloseTo(1.9, 3);
    const [right] = await confidencesAt(safe, [[1e9]]);
    expect(right!).toBeGreaterThan(0.5 + epsilonAt(3));
    expect(safe.farAwayRadius(epsilonAt(3))).toBe(Number.POSITIVE_INFINITY);
    expect(radiusWithinHorizon(1.9, safe.centre, 4)).toBe(1.9);
    expect(radiusWithinHorizon(2.1, safe.centre, 4)).toBe(Number.POSITIVE_INFINITY);
  });

  it('looks no farther than it is told', () => {
    const cooling = { least: (r: number) => 1 + r * r, leastSlope: (r: number) => 2 * r };
    const at = (farthest: number) => coolRadius(cooling, { atCentre: 101, perUnit: 0 }, 1, farthest);
    expect(at(9)).toBe(Number.POSITIVE_INFINITY);
    expect(at(11)).toBeCloseTo(10, 9);
    expect(at(0)).toBe(Number.POSITIVE_INFINITY);
    expect(at(-1)).toBe(Number.POSITIVE_INFINITY);
  });

  it('counts that logits are rounded, at the centre and elsewhere, where a Lipschitz constant is stated', async () => {
    // Of C + 1 + t and C - 1 - t, t rising through 0 by 1e-4 per unit: at the centre both are rounded to C, to the right to C + 2 and
    // C - 2.
    const common = 2 ** 24 + 2 ** 10;
    const steps = (x: tf.Tensor) =>
      tf.tidy(() => tf.add(common, tf.mul(tf.cast(tf.greater(x, 0.6), 'float32'), [2, -2])) as tf.Tensor2D);
    const data = tf.tensor2d([[0], [1]]);
    const safe = await radialTemperature(steps, data, { lipschitz: 1e-3 });
    expect([...safe.centre]).toEqual([0.5]);
    const epsilon = 0.1;
    const radius = safe.farAwayRadius(epsilon);
    expect(radius).toBeLessThan(1e6);
    const beyond = Array.from({ length: 20 }, (_, i) => [0.5 + Math.max(radius, 0.15) * (1 + i / 10)]);
    expect((await confidencesAt(safe, [[0.65]]))[0]!).toBeGreaterThan(0.5 + epsilon);
    for (const confidence of await confidencesAt(safe, beyond)) expect(confidence).toBeLessThanOrEqual(0.5 + epsilon);
    data.dispose();
  });

  it('promises nothing that float32 is too coarse for near zero', async () => {
    const smallest = 2 ** -149;
    const safe = constant(2, 0, HORIZON);
    const epsilon = 0.4 * smallest;
    const allowed = sharpLogitRange(2, epsilon);
    expect(allowed).toBeCloseTo(1.6 * smallest, 60);
    // Just below that the logits of 2^-149 times 1.59 are rounded to 2.
    const x = tf.tensor2d([[Math.sqrt(2 / (1.59 * smallest))]]);
    const logits = safe.logits(x);
    const [high, low] = await logits.data();
    tf.dispose([x, logits]);
    expect(high! - low!).toBeGreaterThan(allowed);
    expect(safe.farAwayRadius(epsilon)).toBe(Number.POSITIVE_INFINITY);
  });
});
