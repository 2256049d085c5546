import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classifier, confidences, type ModelLike } from '../../src/classifier';
import { createRng } from '../../src/core/rng';
import {
  ccu,
  type GuaranteedClassifier,
  jointDiscriminator,
  lastLayerLaplace,
  radialTemperature,
  reluGpResidual,
  restoreGuarantee,
  type SavedGuarantee,
} from '../../src/guarantees';
import { expectRefusal } from '../support/expectRefusal';
import { onBackend } from '../support/onBackend';
import { cloud, confidencesAt, networks, randomStep } from './wrapped';

/** A discriminator that is trained for no longer than it takes to have one. */
const joint = (model: ModelLike, x: tf.Tensor, options: object = {}) =>
  jointDiscriminator(model, x, { epochs: 1, batchSize: 16, seed: 1, ...options });
const density = (model: ModelLike, x: tf.Tensor, options: object = {}) => ccu(model, { x }, options);

/** Every wrapper, on any model, with a Lipschitz constant for those that need one. */
const anyModel: Readonly<
  Record<string, (f: ModelLike, x: tf.Tensor, lipschitz: number) => Promise<GuaranteedClassifier>>
> = {
  radialTemperature: (f, x, lipschitz) => radialTemperature(f, x, { lipschitz }),
  reluGpResidual: (f, x, lipschitz) => reluGpResidual(f, x, { lipschitz }),
  ccu: (f, x) => density(f, x),
  jointDiscriminator: (f, x) => joint(f, x),
};

/** Every wrapper, on a LayersModel. */
const anyNetwork: Readonly<Record<string, (model: ModelLike, x: tf.Tensor) => Promise<GuaranteedClassifier>>> = {
  radialTemperature,
  reluGpResidual,
  lastLayerLaplace,
  ccu: density,
  jointDiscriminator: joint,
};

/**
 * A function whose logits are `common + steepness (x_0, -x_0, x_1)` with a steepness that is a power of two: nothing is
 * rounded but the sum, and differences of logits change by at most 2 steepness per unit.
 */
function shifted(common: number, steepness: number): (x: tf.Tensor) => tf.Tensor2D {
  return (x) =>
    tf.tidy(() => {
      const [a, b] = tf.unstack(x as tf.Tensor2D, 1) as [tf.Tensor, tf.Tensor];
      return tf.add(tf.mul(steepness, tf.stack([a, tf.neg(a), b], 1)), common) as tf.Tensor2D;
    });
}

/** Looks for a confidence above the bound at random points of balls near the data and far away, on cpu and wasm. */
async function expectHolds(safe: GuaranteedClassifier, seed: number | string): Promise<void> {
  const rng = createRng(`balls ${seed}`);
  const size = safe.centre.length;
  for (const distance of [0, 0.1, 0.5, 2, 30, 1e4, 1e9])
    for (const radius of [0, 1e-3 * distance + 1e-4, 0.5 * distance + 0.2]) {
      const away = randomStep(size, distance, rng);
      const middle = Float32Array.from(safe.centre, (c, j) => c + away[j]!);
      const x = tf.tensor(middle, [1, ...safe.inputShape]);
      const points = Array.from({ length: 30 }, () => {
        const step = randomStep(size, radius * (1 - 1e-6) * rng.uniform() ** 0.3, rng);
        return middle.map((value, j) => value + step[j]!);
      });
      for (const backend of ['cpu', 'wasm'] as const)
        await onBackend(backend, async () => {
          const [bound] = await safe.confidenceBound(x, radius);
          for (const confidence of await confidencesAt(safe, [middle, ...points]))
            expect(confidence, `${backend}, ${radius} around a point ${distance} away`).toBeLessThanOrEqual(bound!);
        });
      x.dispose();
    }
}

describe.each(Object.entries(anyModel))('%s of a function', (name, wrap) => {
  let data: tf.Tensor;
  beforeAll(() => {
    data = cloud(24, [2], 1);
  });
  afterAll(() => data.dispose());

  it('has no confidence above its bound, however large what all logits have in common', async () => {
    for (const common of [0, 1000, -(2 ** 22), 2 ** 26, 1e20])
      for (const steepness of [2 ** -10, 1, 2 ** 10]) {
        const safe = await wrap(shifted(common, steepness), data, 2 * steepness).catch((error) => {
          // Logits that are all equal to float32 cannot be cooled by any tolerance.
          if (error.argument !== 'tolerance') throw error;
        });
        if (safe !== undefined) await expectHolds(safe, `${common} ${steepness}`);
      }
  });

  it('is not fooled by the rounding of a division: logits 2^22 + 1 and 2^22', async () => {
    const constant = (x: tf.Tensor) => tf.tidy(() => tf.add(tf.mul(0, x), [2 ** 22 + 1, 2 ** 22]) as tf.Tensor2D);
    const safe = await wrap(constant, data, 1e-3);
    await expectHolds(safe, 'constant');
    const points = Array.from({ length: 200 }, (_, i) => [i / 40, 0.5]);
    const x = tf.tensor2d(points);
    const [bounds, found] = [await safe.confidenceBound(x, 0), await confidencesAt(safe, points)];
    for (const [i, bound] of bounds.entries()) {
      expect(found[i]!).toBeLessThanOrEqual(bound);
      // What is counted for the rounding of the logits is 1, a half for each of two points.
      if (name === 'radialTemperature' || name === 'reluGpResidual')
        expect(bound).toBeLessThan(1 / (1 + Math.exp(-2.01)));
    }
    x.dispose();
  });

  it('is finite wherever its input is, even where the function overflows', async () => {
    const safe = await wrap(shifted(0, 2 ** 70), data, 2 ** 71);
    await expectFinite(safe);
  });
});

describe.each([
  ['radialTemperature', radialTemperature],
  ['reluGpResidual', reluGpResidual],
] as const)('%s of thousands of inputs', (_name, wrap) => {
  it('counts what wasm rounds when it adds up a temperature', async () => {
    const size = 4096;
    const constant = (x: tf.Tensor) => tf.tidy(() => tf.add(tf.zeros([x.shape[0]!, 2]), [8, 0]) as tf.Tensor2D);
    const row = (value: number) => tf.fill([1, size], value);
    const data = tf.tidy(() => tf.concat([row(-0.25), row(0.25)]));
    const safe = await wrap(constant, data, { lipschitz: 1e-6, tolerance: 0.02 });
    for (let n = 0; n < 40; n++) {
      const point = row(0.2 + n / 97);
      await onBackend('wasm', async () => {
        const [[bound], [found]] = [await safe.confidenceBound(point, 0), await confidences(safe, point)];
        expect(found!).toBeLessThanOrEqual(bound!);
        // The distance is known exactly, so an epsilon from which on the promise holds there can be found.
        const distance = Math.hypot(...(await point.data()).map((value, j) => value - safe.centre[j]!));
        const epsilon = (found! - 0.5) * (1 - 1e-12);
        expect(safe.farAwayRadius(epsilon)).toBeGreaterThan(distance);
      });
      point.dispose();
    }
    data.dispose();
  });
});

describe.each([
  ['radialTemperature', radialTemperature],
  ['reluGpResidual', reluGpResidual],
  ['lastLayerLaplace', lastLayerLaplace],
] as const)('%s of a network in which large numbers cancel', (_name, wrap) => {
  it('counts what is rounded on the way to small logits', async () => {
    const model = sequential({
      layers: [layers.dense({ inputShape: [2], units: 2, activation: 'relu' }), layers.dense({ units: 2 })],
    });
    tf.tidy(() =>
      model.setWeights([
        tf.tensor2d([
          [3, 2],
          [0.1, 0.7],
        ]),
        tf.tensor1d([1e6, 1e6]),
        tf.tensor2d([
          [1, 0],
          [-1, 0],
        ]),
        tf.zeros([2]),
      ]),
    );
    const data = cloud(24, [2], 3);
    const safe = await wrap(model, data);
    for (let n = 0; n < 60; n++) {
      const middle = [n / 60, 0.5];
      const x = tf.tensor2d([middle]);
      const [bound] = await safe.confidenceBound(x, 0.003);
      const around = Array.from({ length: 40 }, (_, i) => [middle[0]! + (i - 20) * 1.4e-4, 0.5]);
      for (const confidence of await confidencesAt(safe, around)) expect(confidence).toBeLessThanOrEqual(bound!);
      x.dispose();
    }
    data.dispose();
    model.dispose();
  });
});

/** Finite confidences and bounds of inputs up to the largest and down to the smallest float32 numbers. */
async function expectFinite(safe: GuaranteedClassifier): Promise<void> {
  const size = safe.centre.length;
  const rng = createRng('finite');
  const points = [3.4e38, 1e35, 1e30, 1e29, 1e25, 1e19, 1e10, 1, 1e-20, 1e-39, 1e-45].flatMap((scale) => [
    Array.from({ length: size }, () => scale * Math.sign(rng.normal())),
    Array.from({ length: size }, () => scale * (2 * rng.uniform() - 1)),
    Array.from({ length: size }, (_, i) => (i === 0 ? -scale : 0)),
  ]);
  for (const backend of ['cpu', 'wasm'] as const)
    await onBackend(backend, async () => {
      const x = tf.tensor(Float32Array.from(points.flat()), [points.length, ...safe.inputShape]);
      const found = await confidences(safe, x);
      for (const radius of [0, 1, 1e30, 1e300]) {
        const bounds = await safe.confidenceBound(x, radius);
        for (const [i, bound] of bounds.entries()) {
          expect(found[i]!).toBeGreaterThanOrEqual((1 / safe.classes) * (1 - 1e-6));
          expect(found[i]!, `${backend} at ${points[i]}`).toBeLessThanOrEqual(bound);
          expect(bound).toBeLessThanOrEqual(1);
        }
      }
      x.dispose();
    });
}

/** A dense network with weights that are all multiplied, and a number added to all logits. */
function scaledNetwork(seed: number, scale: number, common: number): LayersModel {
  const model = networks['dense, 4 classes']!(seed);
  tf.tidy(() => {
    const weights = model.getWeights().map((weight) => tf.mul(weight, scale));
    model.setWeights([...weights.slice(0, -1), tf.add(weights.at(-1)!, common)]);
  });
  return model;
}

describe.each(Object.entries(anyNetwork))('%s of a LayersModel', (name, wrap) => {
  let data: tf.Tensor;
  beforeAll(() => {
    data = cloud(24, [3], 2);
  });
  afterAll(() => data.dispose());

  it('has no confidence above its bound for small and large weights and logits', async () => {
    for (const [scale, common] of [
      [1, 0],
      [1, 2 ** 20],
      [30, -1e6],
      [0.3, 1e4],
    ] as const) {
      const model = scaledNetwork(3, scale, common);
      await expectHolds(await wrap(model, data), `${scale} ${common}`);
      model.dispose();
    }
  });

  it('is finite wherever its input is, however steep the network', async () => {
    for (const scale of [1, 1e3, 1e8]) {
      const model = scaledNetwork(4, scale, 0);
      await expectFinite(await wrap(model, data));
      model.dispose();
    }
  });

  it('is finite for data as large and as small as float32 holds', async () => {
    for (const scale of [1e-30, 1e-10, 1e15, 1e29]) {
      const model = scaledNetwork(5, 1, 0);
      const x = tf.tidy(() => tf.mul(data, scale));
      const bounds = [0, scale] as const;
      const safe =
        name === 'radialTemperature' || name === 'reluGpResidual' || name === 'lastLayerLaplace'
          ? await wrap(model, x)
          : await wrap(classifier(model, { bounds }), x);
      for (const confidence of await confidences(safe, x)) expect(confidence).toBeGreaterThan(0.2499);
      await expectFinite(safe);
      x.dispose();
      model.dispose();
    }
  });

  it('takes a Classifier of it, with its bounds', async () => {
    const model = scaledNetwork(6, 1, 0);
    const [bare, viewed] = [await wrap(model, data), await wrap(classifier(model, { bounds: [0, 2] }), data)];
    expect(bare.bounds).toEqual([0, 1]);
    expect(viewed.bounds).toEqual([0, 2]);
    if (name !== 'jointDiscriminator' && name !== 'ccu')
      expect(await viewed.confidenceBound(data, 1)).toEqual(await bare.confidenceBound(data, 1));
    model.dispose();
  });

  it('refuses a model with a sigmoid for each class', async () => {
    const model = scaledNetwork(9, 1, 0);
    const sigmoids = { ...classifier(model), head: 'sigmoids' } as const;
    await expectRefusal(() => wrap(sigmoids, data), { code: 'UNSUPPORTED_MODEL', fn: name, argument: 'model' });
    model.dispose();
  });

  it('comes back from JSON, and refuses data that were spoilt', async () => {
    const model = scaledNetwork(10, 1, 0);
    const made = (await wrap(model, data)) as GuaranteedClassifier & { save(): SavedGuarantee };
    const text = JSON.stringify(made.save());
    const again = await restoreGuarantee(model, JSON.parse(text) as SavedGuarantee);
    expect(await confidences(again, data)).toEqual(await confidences(made, data));
    const spoilt = [
      { ...JSON.parse(text), centre: [null, 0, 0] },
      { ...JSON.parse(text), beta_: 1 },
    ];
    const refused = { code: 'INVALID_OPTION', fn: 'restoreGuarantee', argument: 'saved' } as const;
    for (const saved of spoilt) await expectRefusal(() => restoreGuarantee(model, saved), refused);
    model.dispose();
  });

  it('promises a true distance for every epsilon that float64 holds, or none', async () => {
    const model = scaledNetwork(7, 1, 0);
    const safe = await wrap(model, data);
    let before = 0;
    for (const epsilon of [1, 0.3, 1e-3, 1e-6, 1e-12, 1e-30, 1e-150, 1e-156, 1e-300, Number.MIN_VALUE]) {
      const radius = safe.farAwayRadius(epsilon);
      expect(radius).toBeGreaterThanOrEqual(before);
      before = radius;
      if (radius === 0) expect(safe.classes * (1 / safe.classes + epsilon)).toBeGreaterThan(1 + 1e-3);
      if (radius > 1e30) continue;
      const rng = createRng('far');
      const far = Array.from({ length: 50 }, () => {
        const step = randomStep(3, radius * (1 + 1e-6 + rng.uniform()), rng);
        return safe.centre.map((c, j) => c + step[j]!);
      });
      for (const confidence of await confidencesAt(safe, far)) expect(confidence).toBeLessThanOrEqual(0.25 + epsilon);
    }
    expect(before).toBe(Number.POSITIVE_INFINITY);
    model.dispose();
  });

  it('takes its inputs alone, as { x } and as { xs, ys }, and refuses keys that nobody reads', async () => {
    const model = scaledNetwork(8, 1, 0);
    const call = { radialTemperature, reluGpResidual, lastLayerLaplace, ccu, jointDiscriminator }[name]! as (
      model: ModelLike,
      data: object,
      options?: object,
    ) => Promise<GuaranteedClassifier>;
    const quick = name === 'jointDiscriminator' ? { epochs: 1, seed: 1 } : {};
    const ys = tf.zeros([24]);
    const expected = await confidences(await call(model, data, quick), data);
    for (const form of [{ x: data }, { xs: data, ys }, { x: data, y: ys }])
      expect(await confidences(await call(model, form, quick), data)).toEqual(expected);
    const refused = { code: 'INVALID_OPTION', fn: name } as const;
    await expectRefusal(() => call(model, { x: data, z: data }, quick), { ...refused, argument: 'data' });
    await expectRefusal(() => call(model, data, { ...quick, bound: [0, 2] }), { ...refused, argument: 'options' });
    const invalid = { code: 'INVALID_ARGUMENT', fn: name } as const;
    await expectRefusal(() => call(model, { x: data, xs: data }, quick), { ...invalid, argument: 'data' });
    await expectRefusal(() => call(model, { y: ys }, quick), { ...invalid, argument: 'x' });
    ys.dispose();
    model.dispose();
  });
});
