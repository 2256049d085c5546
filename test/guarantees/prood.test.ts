import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { maxConfidenceAttack, pgdL2 } from '../../src/attacks';
import { classifier, confidences, predictions } from '../../src/classifier';
import { atOnce } from '../../src/core/pausing';
import { createRng, type Rng } from '../../src/core/rng';
import {
  type JointDiscriminator,
  jointDiscriminator,
  restoreGuarantee,
  type SavedJointDiscriminator,
} from '../../src/guarantees';
import { scoreBound, scoresOf } from '../../src/guarantees/prood/discriminator';
import { jointLogits, largestJointConfidence, scoreForConfidence } from '../../src/guarantees/prood/jointClassifier';
import { maxLogOdds } from '../../src/losses';
import { paperNoise, paperSampler, uniformNoise } from '../../src/noise';
import { evaluate, toPiecewiseAffine } from '../../src/regions';
import { limitAlongRay } from '../../src/regions/limitAlongRay';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { randomWeights } from '../support/regionModels';
import { attackBound, attackRadius, compareGradients, networks, shapeOf } from './wrapped';

const noise = (images: tf.Tensor, rng: Rng) => uniformNoise(images.shape, { rng });
const fn = 'jointDiscriminator';

/** Data in a corner of the box, so that uniform noise is something else. */
function corner(count: number, shape: readonly number[], seed: number): tf.Tensor {
  return uniformNoise([count, ...shape], { seed, bounds: [0.05, 0.25] });
}

function smallFeatures(inputShape: number[]): LayersModel {
  const [first, ...rest] =
    inputShape.length === 3
      ? [layers.conv2d({ inputShape, filters: 4, kernelSize: 3, activation: 'relu' }), layers.flatten()]
      : [layers.dense({ inputShape, units: 16, activation: 'relu' })];
  const features = layers.dense({ units: 8, activation: 'relu' });
  return randomWeights(sequential({ layers: [first!, ...rest, features] }), 5);
}

const kinds = ['dense, 2 classes', 'convolutional'] as const;

describe.each(kinds)('jointDiscriminator on a network that is %s', (kind) => {
  const model = networks[kind]!(1);
  const shape = shapeOf(model);
  const x = corner(64, shape, 1);
  let safe: JointDiscriminator;

  beforeAll(async () => {
    const training = { epochs: 20, learningRate: 0.02, batchSize: 32, epsilon: 0.05, noise, seed: 1 };
    safe = await jointDiscriminator(model, x, { ...training, features: smallFeatures(shape) });
  });

  it('has no confidence above its bound in a ball, near the data or far away', async () => {
    await expectNoLeak(() => attackBound(safe, 1));
  });

  it('has none above its bound over the box within an L-infinity distance, found by attacks and at corners', async () => {
    const images = uniformNoise([6, ...shape], { seed: 2 });
    for (const epsilon of [0, 0.01, 0.1, 0.5]) {
      const bounds = await safe.linfConfidenceBound(images, epsilon);
      const { adversarial, objective } =
        epsilon === 0
          ? { adversarial: tf.clone(images), objective: tf.zeros([6]) }
          : maxConfidenceAttack(safe, images, { epsilon, seed: 1 });
      const corners = tf.tidy(() => {
        const signs = tf.sign(tf.sub(uniformNoise(images.shape, { seed: 3 }), 0.5));
        return tf.clipByValue(tf.add(images, tf.mul(signs, epsilon)), 0, 1);
      });
      for (const found of [await confidences(safe, adversarial), await confidences(safe, corners)])
        for (const [i, confidence] of found.entries()) expect(confidence).toBeLessThanOrEqual(bounds[i]!);
      tf.dispose([adversarial, objective, corners]);
    }
    images.dispose();
  });

  it('has none above its bound over the box within a Euclidean distance, and no bound above the two that cover more', async () => {
    const images = uniformNoise([6, ...shape], { seed: 2 });
    for (const radius of [0, 0.05, 0.3, 1]) {
      const bounds = await safe.l2ConfidenceBound(images, radius);
      const [cube, ball] = [await safe.linfConfidenceBound(images, radius), await safe.confidenceBound(images, radius)];
      const lines = await safe.l2ConfidenceBound(images, radius, { method: 'crown' });
      for (const [i, bound] of bounds.entries()) {
        expect(bound).toBeLessThanOrEqual(Math.min(cube[i]!, ball[i]!) + 1e-9);
        expect(lines[i]!).toBeLessThanOrEqual(bound + 1e-9);
      }
      const attack = () => pgdL2(safe, images, { epsilon: radius, steps: 100, objective: maxLogOdds, seed: 1 });
      const { adversarial, objective } =
        radius === 0 ? { adversarial: tf.clone(images), objective: tf.zeros([6]) } : attack();
      for (const [i, confidence] of (await confidences(safe, adversarial)).entries())
        expect(confidence).toBeLessThanOrEqual(lines[i]!);
      tf.dispose([adversarial, objective]);
    }
    images.dispose();
  });

  it('has lower bounds where all units are bounded by lines, which hold too', async () => {
    const images = uniformNoise([6, ...shape], { seed: 2 });
    for (const epsilon of [0.05, 0.2]) {
      const bounds = await safe.linfConfidenceBound(images, epsilon, { method: 'crown' });
      const looser = await safe.linfConfidenceBound(images, epsilon);
      for (const [i, bound] of bounds.entries()) expect(bound).toBeLessThanOrEqual(looser[i]! + 1e-9);
      // With one layer of units there is nothing more to gain.
      if (shape.length > 1) expect(Math.min(...bounds.map((bound, i) => bound - looser[i]!))).toBeLessThan(0);
      const { adversarial, objective } = maxConfidenceAttack(safe, images, { epsilon, seed: 1 });
      for (const [i, confidence] of (await confidences(safe, adversarial)).entries())
        expect(confidence).toBeLessThanOrEqual(bounds[i]!);
      tf.dispose([adversarial, objective]);
    }
    images.dispose();
  });

  it('tells data from noise, keeps the predicted classes, and is nearly uniform on noise', async () => {
    const [onData, onNoise] = [safe.scores(x), tf.tidy(() => safe.scores(uniformNoise([64, ...shape], { seed: 4 })))];
    const mean = async (scores: tf.Tensor) => Array.from(await scores.data()).reduce((a, b) => a + b / 64, 0);
    expect(await mean(onData)).toBeGreaterThan((await mean(onNoise)) + 3);
    expect(await predictions(safe, x)).toEqual(await predictions(model, x));
    tf.dispose([onData, onNoise]);
  });

  it('is uniform up to epsilon beyond its radius, up to where float32 ends', async () => {
    for (const epsilon of [0.001, 0.1]) await attackRadius(safe, epsilon, 1);
    expect(safe.farAwayRadius(1)).toBe(0);
    expect(safe.farAwayRadius(1e-9)).toBe(Number.POSITIVE_INFINITY); // less than float32 rounding
    expect(safe.asymptote).toBe(1 / safe.classes);
  });

  it('has the gradient of its own logits', async () => {
    const point = tf.slice(x, 0, 1);
    await expectNoLeak(() => compareGradients(safe, point));
    point.dispose();
  });

  it('is the same after a way through JSON', async () => {
    const saved: SavedJointDiscriminator = JSON.parse(JSON.stringify(safe.save()));
    const again = await restoreGuarantee(model, saved);
    expect(await confidences(again, x)).toEqual(await confidences(safe, x));
    expect(await again.confidenceBound(x, 0.1)).toEqual(await safe.confidenceBound(x, 0.1));
    expect(again.farAwayRadius(0.01)).toBe(safe.farAwayRadius(0.01));
    expect(again.save()).toEqual(saved);
    again.dispose();
  });
});

describe('jointDiscriminator', () => {
  const model = networks['dense, 2 classes']!(2);
  const x = corner(32, [2], 2);
  const quick = { epochs: 1, noise, seed: 1 } as const;

  it('leaves nothing behind once it is disposed of', async () => {
    await expectNoLeak(async () => (await jointDiscriminator(model, x, quick)).dispose());
    const broken = () => {
      throw new Error('broken sampler');
    };
    await expectNoLeak(() =>
      expect(jointDiscriminator(model, x, { ...quick, noise: broken })).rejects.toThrow('broken'),
    );
  });

  it('gives the same discriminator for the same seed', async () => {
    const [one, two] = [await jointDiscriminator(model, x, quick), await jointDiscriminator(model, x, quick)];
    expect(one.save().features.weights).toEqual(two.save().features.weights);
    expect(one.save().weights).toEqual(two.save().weights);
    one.dispose();
    two.dispose();
  });

  it('trains in the bounds of the classifier as it does in [0, 1]', async () => {
    const training = { epochs: 30, learningRate: 0.01, seed: 1 };
    const points = uniformNoise([20, 2], { seed: 9 });
    const scores = async (bounds: readonly [number, number]) => {
      const [low, high] = bounds;
      const moved = (z: tf.Tensor) => tf.add(tf.mul(z, high - low), low);
      const [data, there] = tf.tidy(() => [moved(x), moved(points)]) as [tf.Tensor, tf.Tensor];
      const safe = await jointDiscriminator(classifier(model, { bounds }), data, training);
      const found = safe.scores(there);
      const values = await found.data();
      // Beyond the box the score falls by 1 for each width of it.
      const outside = safe.farAwayRadius(0.01) / (high - low);
      safe.dispose();
      tf.dispose([data, there, found]);
      return [...values, outside];
    };
    const expected = await scores([0, 1]);
    expect(Math.max(...expected.slice(0, 20)) - Math.min(...expected.slice(0, 20))).toBeGreaterThan(2);
    for (const bounds of [[0, 255] as const, [-1, 1] as const, [100, 100.5] as const])
      for (const [i, value] of (await scores(bounds)).entries())
        expect(Math.abs(value - expected[i]!), `${bounds}`).toBeLessThan(0.05);
    points.dispose();
  });

  it('draws what is no data from the samples it is given', async () => {
    const middle = tf.fill([10, 2], 0.5);
    const training = { epochs: 60, learningRate: 0.02, seed: 1 };
    const safe = await jointDiscriminator(model, { x, out: middle }, training);
    const mean = async (z: tf.Tensor) => {
      const scores = safe.scores(z);
      const values = await scores.data();
      scores.dispose();
      return Array.from(values).reduce((a, b) => a + b) / values.length;
    };
    expect(await mean(x)).toBeGreaterThan((await mean(middle)) + 3);
    const both = () => jointDiscriminator(model, { x, out: middle }, { ...training, noise });
    await expectRefusal(both, { code: 'INVALID_ARGUMENT', fn, argument: 'out' });
    const beyond = tf.fill([10, 2], 1.5);
    const outside = { code: 'OUT_OF_BOUNDS', fn, argument: 'out' } as const;
    await expectRefusal(() => jointDiscriminator(model, { x, out: beyond }, training), outside);
    safe.dispose();
    tf.dispose([middle, beyond]);
  });

  it('in its published form promises no radius, and the limit that its bias allows', async () => {
    const published = await jointDiscriminator(model, x, { ...quick, outsideSlope: 0 });
    const s = 1 / (1 + Math.exp(-published.save().bias));
    expect(published.asymptote).toBeCloseTo(s + (1 - s) / 2, 3);
    expect(published.farAwayRadius(0.01)).toBe(Number.POSITIVE_INFINITY);
    published.dispose();
  });

  it.each([1, 1e-20])('computes along which rays its features grow, with weights of size %d', async (size) => {
    // One feature relu(x_0 - x_1), times a number: it grows to the lower right of the middle of the box, and nowhere else.
    const features = sequential({ layers: [layers.dense({ inputShape: [2], units: 1, activation: 'relu' })] });
    const weights = [tf.tensor2d([[size], [-size]]), tf.tensor1d([0])];
    features.setWeights(weights);
    const safe = await jointDiscriminator(model, x, { ...quick, features, learningRate: 1e-12 * size });
    expect(
      safe.growsAlong([
        [1, 0],
        [0, 1],
        [0.9, 0.8],
        [-3, -2],
      ]),
    ).toEqual([true, false, true, false]);
    await attackBound(safe, 3);
    tf.dispose(weights);
    safe.dispose();
    expect(features.getWeights()[0]!.isDisposed).toBe(false); // they are the caller's
    features.dispose();
  });

  it('does not take rounding for growth', async () => {
    // 1 + (x_0 + x_1) - x_0 - x_1, of whose slope only rounding is left where it is positive.
    const features = sequential({
      layers: [
        layers.dense({ inputShape: [2], units: 3, activation: 'relu', useBias: false }),
        layers.dense({ units: 1, activation: 'relu' }),
      ],
    });
    const weights = [
      tf.tensor2d([
        [0.7, 0.7, 0],
        [0.3, 0, 0.3],
      ]),
      tf.tensor2d([[1], [-1], [-1]]),
      tf.tensor1d([1]),
    ];
    features.setWeights(weights);
    features.trainable = false;
    const safe = await jointDiscriminator(model, x, { ...quick, features });
    const rng = createRng(1);
    const points = Array.from({ length: 100 }, () => [0.5 + rng.uniform() / 3, 0.5 + rng.uniform() / 3]);
    const net = toPiecewiseAffine(features);
    const slopes = points.map((point) =>
      limitAlongRay(
        net,
        Float64Array.of(0.5, 0.5),
        Float64Array.from(point, (v) => v - 0.5),
      ),
    );
    expect(slopes.filter(({ slope }) => slope[0]! > 0).length).toBeGreaterThan(5);
    expect(safe.growsAlong(points)).toEqual(points.map(() => false));
    tf.dispose(weights);
    safe.dispose();
    features.dispose();
  });

  it('draws the noise of the paper in the bounds of the model, also where it is passed by name', async () => {
    const model = networks['dense, 2 classes']!(6);
    const x = uniformNoise([16, ...shapeOf(model)], { seed: 3, bounds: [-3, 2] });
    const options = { epochs: 1, batchSize: 8, seed: 1, bounds: [-3, 2] } as const;
    const weightsWith = async (given: object) => {
      const safe = await jointDiscriminator(model, x, { ...options, ...given });
      safe.dispose();
      return safe.save().weights;
    };
    const expected = await weightsWith({ noise: paperSampler({ bounds: [-3, 2] }) });
    expect(await weightsWith({ noise: paperNoise })).toEqual(expected);
    expect(await weightsWith({})).toEqual(expected);
    tf.dispose(x);
    model.dispose();
  });

  it('mixes the probabilities of the model with uniform ones, in log space', async () => {
    const z = [
      [1, 2, 0.5],
      [400, -300, 0],
      [0, 0, 1e30],
    ];
    const g = [0.3, -2, -1e30];
    const mixed = tf.tidy(() => jointLogits(tf.tensor2d(z), tf.tensor1d(g)));
    const got = (await mixed.array()) as number[][];
    mixed.dispose();
    for (const [i, row] of z.entries()) {
      const s = 1 / (1 + Math.exp(-g[i]!));
      const top = Math.max(...row);
      const sum = row.reduce((total, v) => total + Math.exp(v - top), 0);
      for (const [k, v] of row.entries())
        expect(Math.exp(got[i]![k]!)).toBeCloseTo((s * Math.exp(v - top)) / sum + (1 - s) / 3, 6);
    }
  });

  it('bounds the score as float32 computes it, features in which large numbers cancel included', async () => {
    const features = sequential({
      layers: [
        layers.dense({ inputShape: [2], units: 2, activation: 'relu' }),
        layers.dense({ units: 1, activation: 'relu' }),
      ],
    });
    const kernel = tf.tensor2d([
      [3, 2],
      [0.1, 0.7],
    ]);
    const given = [kernel, tf.tensor1d([1e6, 1e6]), tf.tensor2d([[1], [-1]]), tf.tensor1d([2])];
    features.setWeights(given);
    const net = toPiecewiseAffine(features);
    const discriminator = { features, weights: Float32Array.of(-1), bias: 5, slope: 1, box: [0, 1] as const };
    let exceeded = 0;
    for (let n = 0; n < 60; n++) {
      const point = Float64Array.of(n / 60, 0.5).map(Math.fround);
      const scores = tf.tidy(() => scoresOf(discriminator, tf.tensor2d([[...point]])));
      const [score] = await scores.data();
      expect(score!).toBeLessThanOrEqual(
        atOnce(scoreBound(net, discriminator, { lower: point, upper: point }, 'interval')),
      );
      if (score! > 5 - evaluate(net, point)[0]! + 0.01) exceeded++;
      scores.dispose();
    }
    expect(exceeded).toBeGreaterThan(5);
    tf.dispose(given);
    features.dispose();
  });

  it('turns bounds on the score into bounds on the confidence, and back', () => {
    for (const classes of [2, 10])
      for (const score of [-40, -3, 0, 2]) {
        const s = 1 / (1 + Math.exp(-score));
        const bound = largestJointConfidence(classes, score);
        expect(bound - (s + (1 - s) / classes)).toBeGreaterThan(0);
        expect(bound - (s + (1 - s) / classes)).toBeLessThan(1e-4);
        const back = scoreForConfidence(classes, bound);
        if (score > -5) expect(back).toBeCloseTo(score, 2);
        expect(largestJointConfidence(classes, back)).toBeLessThanOrEqual(bound * (1 + 1e-12));
      }
  });

  it('refuses what it cannot do', async () => {
    const refused = (
      options: object,
      argument: string,
      code: 'INVALID_OPTION' | 'UNSUPPORTED_MODEL' | 'INVALID_SHAPE',
    ) => expectRefusal(() => jointDiscriminator(model, x, { ...quick, ...options }), { code, fn, argument });
    for (const [name, value] of [
      ['epochs', 0.5],
      ['batchSize', 0],
      ['learningRate', 0],
      ['epsilon', -1],
      ['biasShift', -1],
      ['outsideSlope', Number.NaN],
    ] as const)
      await refused({ [name]: value }, name, 'INVALID_OPTION');
    const open = randomWeights(sequential({ layers: [layers.dense({ inputShape: [2], units: 3 })] }), 1);
    await refused({ features: open }, 'features', 'UNSUPPORTED_MODEL');
    const other = sequential({ layers: [layers.dense({ inputShape: [3], units: 3, activation: 'relu' })] });
    await refused({ features: other }, 'features', 'INVALID_SHAPE');
    const outside = tf.tensor2d([[2, 0]]);
    await expectRefusal(() => jointDiscriminator(model, outside, quick), { code: 'OUT_OF_BOUNDS', fn, argument: 'x' });
    const signal = AbortSignal.abort();
    await expectRefusal(() => jointDiscriminator(model, x, { ...quick, signal }), {
      code: 'ABORTED',
      fn,
      argument: 'signal',
    });
    tf.dispose(outside);
    open.dispose();
    other.dispose();
  });
});
