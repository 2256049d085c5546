import * as tf from '@tensorflow/tfjs-core';
import {
  model as buildModel,
  type LayersModel,
  layers,
  type SymbolicTensor,
  sequential,
} from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { confidences, predictions } from '../../src/classifier';
import { createRng } from '../../src/core/rng';
import { lastLayerLaplace, restoreGuarantee } from '../../src/guarantees';
import { mlp } from '../../src/models';
import { toPiecewiseAffine } from '../../src/regions';
import { limitAlongRay } from '../../src/regions/limitAlongRay';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { randomWeights } from '../support/regionModels';
import { evidence, kroneckerPrecision, meanPairVariance } from './denseLaplace';
import { attackBound, cloud, compareGradients, expectEvaluates, networks, randomStep, shapeOf } from './wrapped';

const build = networks['dense, 4 classes']!;
const cases = Object.entries(networks).map(([network, make]) => ({ network, make }));

/** Features with the constant 1, one row per input, read off the layers. */
async function featuresOf(model: LayersModel, x: tf.Tensor): Promise<number[][]> {
  const body = buildModel({ inputs: model.inputs, outputs: model.layers.at(-1)!.input as SymbolicTensor });
  const out = body.predict(x) as tf.Tensor2D;
  const rows = await out.array();
  out.dispose();
  return rows.map((row) => [...row, 1]);
}

async function arrayOf(tensor: tf.Tensor): Promise<number[][]> {
  const rows = await (tensor as tf.Tensor2D).array();
  tensor.dispose();
  return rows;
}

/** Weights of the last layer with the bias as last row. */
function lastWeights(model: LayersModel): Promise<number[][]> {
  const [kernel, bias] = model.layers.at(-1)!.getWeights();
  return arrayOf(tf.tidy(() => tf.concat([kernel!, tf.reshape(bias!, [1, -1])], 0)));
}

describe('lastLayerLaplace', () => {
  it('divides the logits by sqrt(1 + pi/8 v), v being the mean variance of a difference under the full posterior', async () => {
    const model = build(1);
    const x = cloud(30, [3], 1);
    const points = cloud(5, [3], 2);
    const safe = await lastLayerLaplace(model, x, { priorPrecision: 0.7 });
    expect(safe.priorPrecision).toBe(0.7);
    const precision = kroneckerPrecision(await featuresOf(model, x), await arrayOf(model.predict(x) as tf.Tensor), 0.7);
    const m = await arrayOf(model.predict(points) as tf.Tensor);
    const z = await arrayOf(safe.logits(points));
    for (const [i, phi] of (await featuresOf(model, points)).entries()) {
      const temperature = Math.sqrt(1 + (Math.PI / 8) * meanPairVariance(precision, phi, 4));
      for (const k of [0, 1, 2, 3]) expect(z[i]![k]!).toBeCloseTo((m[i]![k]! - Math.max(...m[i]!)) / temperature, 3);
    }
    tf.dispose([x, points]);
    model.dispose();
  });

  it('takes the prior precision under which the data is most likely', async () => {
    const model = build(2);
    const x = cloud(30, [3], 3);
    const { priorPrecision } = await lastLayerLaplace(model, x);
    const [phi, logits, weights] = [
      await featuresOf(model, x),
      await arrayOf(model.predict(x) as tf.Tensor),
      await lastWeights(model),
    ];
    const at = (tau: number) => evidence(phi, logits, weights, tau);
    for (const factor of [0.2, 0.9, 0.99, 1.01, 1.1, 5])
      expect(at(priorPrecision)).toBeGreaterThan(at(factor * priorPrecision));
    x.dispose();
    model.dispose();
  });

  it.each(cases)('has no confidence above its bounds, near or far ($network)', async ({ make, network }) => {
    for (const seed of network === 'convolutional' ? [0] : [0, 1]) {
      const model = make(seed);
      const x = cloud(40, shapeOf(model), seed);
      const safe = await expectNoLeak(() => lastLayerLaplace(model, x));
      const least = await expectNoLeak(() => attackBound(safe, seed));
      expect(least).toBeLessThan(safe.asymptote);
      expect(safe.asymptote).toBeLessThan(1);
      x.dispose();
      model.dispose();
    }
  });

  it.each(cases)('goes to its limit along every ray, below the bound ($network)', async ({ make }) => {
    const model = make(3);
    const x = cloud(40, shapeOf(model), 3);
    const safe = await lastLayerLaplace(model, x);
    const rng = createRng(3);
    const size = safe.centre.length;
    for (let n = 0; n < 30; n++) {
      const [origin, direction] = [randomStep(size, 1, rng), randomStep(size, 1, rng)];
      const { confidence, probabilities } = safe.asymptoteAlong(origin, direction);
      const far = tf.tensor(
        Float32Array.from(origin, (o, i) => o + 1e7 * direction[i]!),
        [1, ...safe.inputShape],
      );
      expect((await confidences(safe, far))[0]!).toBeCloseTo(confidence, 4);
      expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
      expect(confidence).toBeLessThanOrEqual(safe.asymptote);
      far.dispose();
    }
    x.dispose();
    model.dispose();
  });

  it('knows a slope that is small for the norms of a deep network from one that is zero', async () => {
    const model = mlp({ inputShape: [8], hidden: new Array(30).fill(16), classes: 3, seed: 1 });
    const x = cloud(60, [8], 1);
    const safe = await lastLayerLaplace(model, x);
    const { factor } = safe.save();
    const weights = await Promise.all(model.getWeights().map((weight) => weight.data()));
    // The layers one after another in float64, from their weights alone.
    const through = (v: readonly number[], kernel: ArrayLike<number>, bias: ArrayLike<number>) =>
      Array.from(bias, (b, k) => v.reduce((sum, value, j) => sum + value * kernel[j * bias.length + k]!, b));
    const confidenceAt = (point: readonly number[]) => {
      let phi = point;
      for (let n = 0; n < weights.length - 2; n += 2)
        phi = through(phi, weights[n]!, weights[n + 1]!).map((value) => Math.max(0, value));
      const logits = through(phi, weights.at(-2)!, weights.at(-1)!);
      const padded = [...phi, 1];
      const deviation = padded.map((_, j) =>
        padded.reduce((sum, value, i) => (i < j ? sum : sum + value * factor[(i * (i + 1)) / 2 + j]!), 0),
      );
      const variance = deviation.reduce((sum, value) => sum + value * value, 0);
      const z = logits.map((value) => value / Math.sqrt(1 + (Math.PI / 8) * variance));
      return 1 / z.reduce((sum, value) => sum + Math.exp(value - Math.max(...z)), 0);
    };
    const rng = createRng('deep');
    const directions = [[1, -2, 3, 1, 0, 2, -1, 1], ...Array.from({ length: 10 }, () => [...randomStep(8, 1, rng)])];
    const sure = directions.map((direction) => {
      const { confidence } = safe.asymptoteAlong(new Array(8).fill(0.3), direction);
      expect(confidence).toBeCloseTo(confidenceAt(direction.map((value) => 0.3 + 1e15 * value)), 8);
      return confidence;
    });
    expect(Math.max(...sure)).toBeGreaterThan(0.4);
    x.dispose();
    model.dispose();
  });

  it('takes a slope for zero that is nothing but rounding: a + b + c - (b + c) - a in float64', async () => {
    const model = sequential({
      layers: [
        layers.dense({ inputShape: [3], units: 3, activation: 'relu', useBias: false }),
        layers.dense({ units: 1, activation: 'relu' }),
        layers.dense({ units: 2 }),
      ],
    });
    tf.tidy(() =>
      model.setWeights([
        tf.tensor2d([
          [1, 0, 1],
          [1, 1, 0],
          [1, 1, 0],
        ]),
        tf.tensor2d([[1], [-1], [-1]]),
        tf.tensor1d([1]),
        tf.tensor2d([[1, -1]]),
        tf.zeros([2]),
      ]),
    );
    const x = cloud(40, [3], 1);
    const safe = await lastLayerLaplace(model, x);
    // The feature is 1 wherever the inputs are positive.
    const point = tf.tensor2d([[1, 2, 3]]);
    const [here] = await confidences(safe, point);
    point.dispose();
    const net = toPiecewiseAffine(model);
    const rng = createRng('rounding');
    let positive = 0;
    for (let n = 0; n < 200; n++) {
      const direction = Float64Array.from({ length: 3 }, () => (rng.uniform() / 3) * 10 ** (n % 7));
      const { slope } = limitAlongRay(net, new Float64Array(3), direction);
      if (slope[0]! > 0) positive++;
      expect(safe.asymptoteAlong([0, 0, 0], direction).confidence).toBeCloseTo(here!, 6);
    }
    expect(positive).toBeGreaterThan(5);
    x.dispose();
    model.dispose();
  });

  it('has a supremum that is reached where the features are free: a linear classifier', async () => {
    const model = sequential({ layers: [layers.dense({ inputShape: [2], units: 3, activation: 'softmax' })] });
    randomWeights(model, 5);
    const x = cloud(40, [2], 5);
    const { asymptote, asymptoteAlong } = await lastLayerLaplace(model, x);
    const angles = Array.from({ length: 2000 }, (_, i) => (Math.PI * i) / 1000);
    const limits = angles.map((a) => asymptoteAlong([0, 0], [Math.cos(a), Math.sin(a)]).confidence);
    expect(Math.max(...limits)).toBeLessThan(asymptote);
    x.dispose();
    model.dispose();

    const two = sequential({ layers: [layers.dense({ inputShape: [2], units: 2, useBias: false })] });
    randomWeights(two, 6);
    const y = cloud(40, [2], 6);
    const sharp = await lastLayerLaplace(two, y);
    const found = angles.map((a) => sharp.asymptoteAlong([0, 0], [Math.cos(a), Math.sin(a)]).confidence);
    expect(Math.max(...found) / sharp.asymptote).toBeGreaterThan(0.999);
    expect(Math.max(...found)).toBeLessThanOrEqual(sharp.asymptote);
    y.dispose();
    two.dispose();
  });

  it('counts in its supremum what is rounded where the logits have much in common', async () => {
    const model = sequential({ layers: [layers.dense({ inputShape: [2], units: 2, useBias: false })] });
    tf.tidy(() =>
      model.setWeights([
        tf.tensor2d([
          [12345.6, 12346.1],
          [-9876.5, -9876.8],
        ]),
      ]),
    );
    const x = cloud(40, [2], 6);
    const safe = await lastLayerLaplace(model, x, { priorPrecision: 1 });
    const { asymptote } = safe;
    const angles = Array.from({ length: 400 }, (_, i) => (Math.PI * i) / 200);
    const limits = angles.map((a) => safe.asymptoteAlong([0, 0], [Math.cos(a), Math.sin(a)]).confidence);
    const best = angles[limits.indexOf(Math.max(...limits))]!;
    const points = Array.from({ length: 300 }, (_, i) => {
      const angle = best + (i - 150) * 1e-5;
      return [1e4 * Math.cos(angle), 1e4 * Math.sin(angle)];
    });
    const far = tf.tensor2d(points);
    for (const confidence of await confidences(safe, far)) expect(confidence).toBeLessThanOrEqual(asymptote);
    tf.dispose([x, far]);
    model.dispose();
  });

  it('counts what is rounded in a variance that is small in the direction of large features', async () => {
    const model = sequential({ layers: [layers.dense({ inputShape: [2], units: 2, useBias: false })] });
    tf.tidy(() =>
      model.setWeights([
        tf.tensor2d([
          [1e-4, -1e-4],
          [1e-4, -1e-4],
        ]),
      ]),
    );
    const x = tf.tidy(() => tf.mul(tf.reshape(tf.linspace(-1e4, 1e4, 40), [40, 1]), tf.ones([1, 2])));
    const safe = await lastLayerLaplace(model, x, { priorPrecision: 1 });
    const points = tf.tensor2d(Array.from({ length: 300 }, (_, i) => [9e3 + 3.7 * i, 9e3 + 3.7 * i + 1]));
    const [bounds, found] = [await safe.confidenceBound(points, 0), await confidences(safe, points)];
    for (const [i, confidence] of found.entries()) expect(confidence).toBeLessThanOrEqual(bounds[i]!);
    tf.dispose([x, points]);
    model.dispose();
  });

  it('counts that the variance can fall inside the ball', async () => {
    const model = sequential({ layers: [layers.dense({ inputShape: [2], units: 2 })] });
    tf.tidy(() => {
      const kernel = tf.tensor2d([
        [0.2, -0.2],
        [0, 0],
      ]);
      model.setWeights([kernel, tf.zeros([2])]);
    });
    // The data says much about the weights of the first input and nothing about those of the second.
    const x = tf.tensor2d(Array.from({ length: 200 }, (_, i) => [(i - 100) / 30, 0]));
    const safe = await lastLayerLaplace(model, x, { priorPrecision: 1 });
    const [from, to] = [tf.tensor2d([[10, 3]]), tf.tensor2d([[10, 0]])];
    const [bound] = await safe.confidenceBound(from, 3);
    const [there] = await confidences(safe, to);
    expect(there!).toBeLessThanOrEqual(bound!);
    expect(there! - (await confidences(safe, from))[0]!).toBeGreaterThan(0.01);
    tf.dispose([x, from, to]);
    model.dispose();
  });

  it('keeps the confidence that the constant features have where all units are off in the limit', async () => {
    const model = build(4);
    const [first] = model.layers;
    tf.tidy(() => first!.setWeights([tf.mul(-1, tf.abs(first!.getWeights()[0]!)), tf.ones([10])]));
    const x = cloud(30, [3], 4);
    const safe = await lastLayerLaplace(model, x);
    const far = tf.tensor2d([[1e6, 2e6, 3e6]]);
    const { confidence } = safe.asymptoteAlong([0, 0, 0], [1, 2, 3]);
    expect(confidence).toBeCloseTo((await confidences(safe, far))[0]!, 5);
    tf.dispose([x, far]);
    model.dispose();
  });

  it('promises no distance, except where it is never as sure as that', async () => {
    const model = build(5);
    const x = cloud(30, [3], 5);
    const safe = await lastLayerLaplace(model, x);
    expect(safe.farAwayRadius(0.01)).toBe(Number.POSITIVE_INFINITY);
    expect(safe.farAwayRadius(safe.asymptote - 0.25 + 1e-9)).toBe(0);
    x.dispose();
    model.dispose();
  });

  it('keeps the predicted classes, is attacked and evaluated like any classifier, and comes back from JSON', async () => {
    const model = build(6);
    const x = cloud(20, [3], 6);
    const safe = await lastLayerLaplace(model, x, { bounds: [-1, 2] });
    const y = tf.tensor1d(await predictions(model, x), 'int32');
    expect(await predictions(safe, x)).toEqual(await predictions(model, x));
    await expectEvaluates(safe, x, y);
    const again = await restoreGuarantee(model, JSON.parse(JSON.stringify(safe.save())));
    expect(again.bounds).toEqual([-1, 2]);
    expect(await confidences(again, x)).toEqual(await confidences(safe, x));
    expect(await again.confidenceBound(x, 0.1)).toEqual(await safe.confidenceBound(x, 0.1));
    expect(again.asymptote).toBe(safe.asymptote);
    tf.dispose([x, y]);
    model.dispose();
  });

  it('has the gradient of its own logits', async () => {
    const model = build(8);
    const x = cloud(30, [3], 8);
    const safe = await lastLayerLaplace(model, x);
    const point = tf.slice(x, 0, 1);
    await expectNoLeak(() => compareGradients(safe, point));
    tf.dispose([x, point]);
    model.dispose();
  });

  it('finds the last dense layer before a softmax, and inside a model', async () => {
    const plain = build(9);
    const softened = sequential({ layers: [...plain.layers, layers.softmax()] });
    const nested = sequential({ layers: [plain, layers.activation({ activation: 'softmax' })] });
    const x = cloud(20, [3], 9);
    const expected = (await lastLayerLaplace(plain, x)).save();
    for (const model of [softened, nested]) expect((await lastLayerLaplace(model, x)).save()).toEqual(expected);
    x.dispose();
    plain.dispose();
  });

  it('reads the data in batches, tells how far it has come, and can be stopped', async () => {
    const model = build(10);
    const x = cloud(25, [3], 10);
    const whole = await lastLayerLaplace(model, x);
    const done: number[] = [];
    const parts = await lastLayerLaplace(model, x, {
      batchSize: 10,
      onProgress: (progress) => done.push(progress.done),
    });
    expect(done).toEqual([10, 20, 25]);
    expect(parts.priorPrecision).toBeCloseTo(whole.priorPrecision, 5);
    const refused = { code: 'ABORTED', fn: 'lastLayerLaplace', argument: 'signal' } as const;
    await expectNoLeak(() => expectRefusal(() => lastLayerLaplace(model, x, { signal: AbortSignal.abort() }), refused));
    x.dispose();
    model.dispose();
  });

  it('refuses what it cannot do', async () => {
    const fn = 'lastLayerLaplace';
    const model = build(11);
    const x = cloud(5, [3], 11);
    const unsupported = { code: 'UNSUPPORTED_MODEL', fn, argument: 'model' } as const;
    await expectRefusal(() => lastLayerLaplace((z: tf.Tensor) => model.predict(z) as tf.Tensor2D, x), unsupported);
    const relu = sequential({ layers: [layers.dense({ inputShape: [3], units: 3, activation: 'relu' })] });
    await expectRefusal(() => lastLayerLaplace(relu, x), unsupported);
    for (const priorPrecision of [0, -1, 1e13, Number.NaN])
      await expectRefusal(() => lastLayerLaplace(model, x, { priorPrecision }), {
        code: 'INVALID_OPTION',
        fn,
        argument: 'priorPrecision',
      });
    const safe = await lastLayerLaplace(model, x);
    await expectRefusal(() => safe.confidenceBound(x, -1), {
      code: 'INVALID_OPTION',
      fn: 'confidenceBound',
      argument: 'radius',
    });
    await expectRefusal(() => safe.asymptoteAlong([0, 0, 0], [0, 0, 0]), {
      code: 'INVALID_ARGUMENT',
      fn: 'asymptoteAlong',
      argument: 'direction',
    });
    x.dispose();
    model.dispose();
    relu.dispose();
  });
});
