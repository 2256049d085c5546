import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type CheckpointStore,
  classifier,
  confidences,
  createRng,
  type FineTuneOptions,
  fineTune,
  fit,
  maxLogOdds,
  meanMaxConfidence,
  predictions,
  uniformNoise,
} from '../../src/index';
import { firstPlan, planAfter, rateAt } from '../../src/training/fineTune/keep';
import { summedGradients } from '../../src/training/fineTune/summedGradients';
import type { FineTuneRecord } from '../../src/training/fineTune/types';
import { isAllowed, isBetter, isChance, riseOf } from '../../src/training/fineTune/verdict';
import { objectiveGradients } from '../../src/training/objectiveGradients';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { onBackend } from '../support/onBackend';
import { seedWeights, tinyMlp, weightsOf } from '../support/smallModels';

await tf.setBackend('cpu');

/** Images of stripes, of one class lying and of the other standing, each with its own phase and a little noise. */
function stripes(count: number, seed: number): { x: tf.Tensor4D; y: tf.Tensor1D } {
  const rng = createRng(seed);
  const values: number[] = [];
  for (let i = 0; i < count; i++) {
    const phase = rng.integer(2);
    for (let row = 0; row < 6; row++)
      for (let column = 0; column < 6; column++) {
        const along = i % 2 === 0 ? row : column;
        values.push(Math.min(1, 0.7 * ((along + phase) % 2) + 0.3 * rng.uniform()));
      }
  }
  return {
    x: tf.tensor4d(values, [count, 6, 6, 1]),
    y: tf.tensor1d(
      Array.from({ length: count }, (_, i) => i % 2),
      'int32',
    ),
  };
}

/** Two dense layers, and between them batch normalisation and dropout, whose training mode would tell. */
function network(): LayersModel {
  return seedWeights(
    sequential({
      layers: [
        layers.flatten({ inputShape: [6, 6, 1] }),
        layers.dense({ units: 16, activation: 'relu' }),
        layers.batchNormalization(),
        layers.dropout({ rate: 0.3 }),
        layers.dense({ units: 2, activation: 'softmax' }),
      ],
    }),
    3,
  );
}

const data = stripes(80, 1);
const SHORT: FineTuneOptions = {
  epsilon: 0.2,
  updates: 24,
  batchSize: 16,
  learningRate: 8e-3,
  samples: 8,
  checkEvery: 8,
  seed: 1,
};
let plain: tf.Tensor[];

/** A fresh model with the plainly trained weights. */
function trained(): LayersModel {
  const model = network();
  model.setWeights(plain);
  return model;
}

beforeAll(async () => {
  const model = network();
  await fit(model, data, { method: 'plain', epochs: 30, batchSize: 20, seed: 1 });
  plain = model.getWeights().map((weight) => tf.clone(weight));
});

describe('fineTune', () => {
  it.each(['cpu', 'wasm'] as const)(
    'makes a model less sure of attacked noise, leaves its statistics, and measures what the public functions do, on %s',
    async (backend) => {
      await onBackend(backend, async () => {
        const model = trained();
        const test = stripes(50, 2);
        const statistics = () =>
          model.layers[2]!.getWeights()
            .slice(2)
            .flatMap((weight) => Array.from(weight.dataSync()));
        const before = statistics();
        const result = await expectNoLeak(() => fineTune(model, data, { ...SHORT, validation: test }));
        expect([result.outcome, result.improved]).toEqual(['improved', true]);
        expect(result.after.attackedNoise).toBeLessThan(result.before.attackedNoise - 0.1);
        expect(statistics()).toEqual(before);
        expect(result.after.confidence).toBeCloseTo(meanMaxConfidence(await confidences(model, test.x)), 6);
        const wrong = (await predictions(model, test.x)).filter((label, i) => label !== i % 2).length;
        expect(result.after.error).toBe(wrong / 50);
        expect(result.checks.at(-1)!.update).toBe(result.updates);
        expect(result.examples).toEqual({ training: 80, validation: 50 });
      });
    },
  );

  it('holds out a fifth of each class, and never trains on it', async () => {
    const seen = new Set<number>();
    const x = tf.add(tf.mul(data.x, 0), tf.reshape(tf.linspace(0, 1, 80), [80, 1, 1, 1]));
    const noise: FineTuneOptions['noise'] = (images, rng) => {
      for (const [i, value] of images.dataSync().entries()) if (i % 36 === 0) seen.add(Math.round(79 * value));
      return uniformNoise(images.shape, { rng });
    };
    const { examples } = await fineTune(
      trained(),
      { x, y: data.y },
      { ...SHORT, method: 'ceda', noise, force: true, samples: 16 },
    );
    expect(examples).toEqual({ training: 64, validation: 16 });
    // The sampler sees the 16 held out once, for measuring, and all others in training.
    expect(seen.size).toBe(80);
    seen.clear();
    const meanwhile: FineTuneOptions = { ...SHORT, method: 'ceda', noise, force: true, samples: 1, checkEvery: 24 };
    await fineTune(trained(), { x, y: data.y }, meanwhile);
    expect(seen.size).toBe(65);
  });

  it('leaves a model as it was, to the bit, whose error would rise by more than the tolerance, unless by force', async () => {
    const model = trained();
    const before = await weightsOf(model);
    // Noise that is the data: what is asked for contradicts the labels.
    const hostile: FineTuneOptions = {
      ...SHORT,
      method: 'ceda',
      noise: (images) => tf.clone(images),
      lambda: 1e3,
      learningRate: 0.3,
    };
    const result = await fineTune(model, data, hostile);
    expect(result.improved).toBe(false);
    expect(['worse', 'no better']).toContain(result.outcome);
    expect(await weightsOf(model)).toEqual(before);
    await fineTune(model, data, { ...hostile, force: true });
    expect(await weightsOf(model)).not.toEqual(before);
  });

  it.each(['all', 'head'] as const)(
    'updates on as many examples and noise images as it is told, layers %s',
    async (which) => {
      const shapes: number[] = [];
      const outLoss: FineTuneOptions['outLoss'] = (logits) => {
        shapes.push(logits.shape[0]!);
        return maxLogOdds(logits);
      };
      const options: FineTuneOptions = { ...SHORT, layers: which, samples: 4, updates: 3, batchSize: 24, noiseSize: 6 };
      await fineTune(trained(), data, { ...options, outLoss });
      expect(shapes).toEqual([6, 6, 6]);
    },
  );

  it('does not begin where the model is no better than a guess', async () => {
    const model = trained();
    const before = await weightsOf(model);
    const rng = createRng(3);
    const y = tf.tensor1d(
      Array.from({ length: 80 }, () => rng.integer(2)),
      'int32',
    );
    const { outcome, updates, reason } = await fineTune(model, { x: data.x, y }, SHORT);
    expect([outcome, updates]).toEqual(['chance', 0]);
    expect(reason).toContain('no better than a guess');
    expect(await weightsOf(model)).toEqual(before);
  });

  it.each([
    ['head', [4]],
    [2, [2, 4]],
    ['all', [1, 2, 4]],
  ] as const)('with layers %s changes these layers and no others', async (which, changed) => {
    const model = trained();
    const of = (layer: number) => model.layers[layer]!.getWeights().flatMap((weight) => Array.from(weight.dataSync()));
    const before = [1, 2, 4].map(of);
    await fineTune(model, data, { ...SHORT, updates: 4, layers: which, force: true });
    const now = [1, 2, 4].filter((layer, i) => String(of(layer)) !== String(before[i]));
    expect(now).toEqual(changed);
  });

  it('stopped anywhere and started again ends with the same bits, and a stopped one leaves the model as it was', async () => {
    const whole = trained();
    const options: FineTuneOptions = { ...SHORT, updates: 12, checkEvery: 5, checkpointEvery: 2, force: true };
    const expected = await fineTune(whole, data, options);
    let bytes: Uint8Array | undefined;
    const checkpoint: CheckpointStore = {
      read: async () => bytes,
      write: async (written) => {
        bytes = written;
      },
    };
    let stops = 0;
    const model = trained();
    const untouched = await weightsOf(model);
    for (;;) {
      const controller = new AbortController();
      const onStep = ({ done }: { done: number }) => {
        if (done % 5 === 3) controller.abort();
      };
      try {
        const result = await fineTune(model, data, { ...options, checkpoint, onStep, signal: controller.signal });
        expect(result).toEqual(expected);
        break;
      } catch (error) {
        expect(error).toMatchObject({ code: 'ABORTED' });
        expect(await weightsOf(model)).toEqual(untouched);
        stops++;
      }
    }
    expect(stops).toBe(2);
    expect(await weightsOf(model)).toEqual(await weightsOf(whole));
    await expectRefusal(() => fineTune(model, data, { ...options, lambda: 2, checkpoint }), {
      code: 'INVALID_CHECKPOINT',
      fn: 'fineTune',
      argument: 'checkpoint',
    });
  });

  it('trains a head on features that are computed once, and goes on with the same bits', async () => {
    const options: FineTuneOptions = {
      ...SHORT,
      layers: 'head',
      updates: 12,
      checkEvery: 5,
      checkpointEvery: 2,
      force: true,
    };
    const whole = trained();
    const expected = await expectNoLeak(() => fineTune(whole, data, options));
    let bytes: Uint8Array | undefined;
    const checkpoint: CheckpointStore = {
      read: async () => bytes,
      write: async (written) => {
        bytes = written;
      },
    };
    const model = trained();
    const controller = new AbortController();
    const onStep = ({ done }: { done: number }) => {
      if (done === 7) controller.abort();
    };
    await expect(
      fineTune(model, data, { ...options, checkpoint, onStep, signal: controller.signal }),
    ).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await fineTune(model, data, { ...options, checkpoint })).toEqual(expected);
    expect(await weightsOf(model)).toEqual(await weightsOf(whole));
    expect(expected.after.confidence).not.toBe(expected.before.confidence);
  });

  it.each(['all', 'head'] as const)(
    'goes on from every checkpoint that it has ever written with the same bits, layers %s',
    async (which) => {
      const options: FineTuneOptions = {
        ...SHORT,
        layers: which,
        updates: 6,
        checkEvery: 3,
        checkpointEvery: 2,
        samples: 4,
        force: true,
      };
      const written: Uint8Array[] = [];
      const model = trained();
      const write = async (bytes: Uint8Array) => void written.push(bytes);
      const expected = await fineTune(model, data, { ...options, checkpoint: { read: async () => undefined, write } });
      expect(written).toHaveLength(4);
      for (const bytes of written) {
        const killed = trained();
        const checkpoint = { read: async () => bytes, write: async () => {} };
        expect(await fineTune(killed, data, { ...options, checkpoint })).toEqual(expected);
        expect(await weightsOf(killed)).toEqual(await weightsOf(model));
      }
    },
  );

  it('refuses what it cannot use before it begins', async () => {
    const model = trained();
    const refused = (
      options: object,
      argument: string,
      code: 'INVALID_OPTION' | 'INVALID_ARGUMENT' = 'INVALID_OPTION',
    ) => expectRefusal(() => fineTune(model, data, options), { code, fn: 'fineTune', argument });
    await refused({ updates: 0 }, 'updates');
    await refused({ method: 'plain' }, 'method');
    await refused({ batchSize: 8, noiseSize: 9 }, 'noiseSize');
    await refused({ layers: 'tail' }, 'layers');
    await refused({ layers: 0 }, 'layers');
    await refused({ validation: 1 }, 'validation');
    await refused({ tolerance: -1 }, 'tolerance');
    await refused({ learningRat: 1 }, 'options');
    await refused({ onCheck: 1 }, 'onCheck', 'INVALID_ARGUMENT');
  });
});

describe('the gradient of a batch in parts', () => {
  it.each([10, 4])('is that of the whole, of 10 examples and %d noise images, in inference mode', async (images) => {
    const model = tinyMlp();
    const net = classifier(model);
    const x = uniformNoise([10, 2], { seed: 1 });
    const noise = uniformNoise([images, 2], { seed: 2 });
    const y = tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1, 2, 0], 'int32');
    const terms = { clean: { x, y }, noise, lambda: 0.7, weightDecay: 0.01, outLoss: maxLogOdds, rng: createRng(1) };
    const whole = objectiveGradients('test', net, terms);
    await expectNoLeak(() => {
      const sum = summedGradients('test', net, 'in parts', 1500);
      const parts = sum.of(terms);
      expect(sum.parts()).toBeGreaterThan(2);
      for (const key of ['loss', 'inLoss', 'outLoss', 'outConfidence'] as const)
        expect(parts[key].dataSync()[0]).toBeCloseTo(whole[key].dataSync()[0]!, 5);
      for (const [name, grad] of Object.entries(whole.grads)) {
        const difference = tf.tidy(() => tf.max(tf.abs(tf.sub(grad, parts.grads[name]!))).dataSync()[0]!);
        expect(difference).toBeLessThan(1e-6);
      }
      tf.dispose(parts);
    });
  });

  it('goes on with half as many examples where memory runs out', async () => {
    const model = tinyMlp();
    const net = classifier(model);
    const x = uniformNoise([8, 2], { seed: 1 });
    const y = tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1], 'int32');
    const sizes: number[] = [];
    const small = {
      ...net,
      logits: (images: tf.Tensor) => {
        sizes.push(images.shape[0]!);
        if (images.shape[0]! > 5) throw new RangeError('Invalid typed array length');
        return net.logits(images);
      },
    };
    const sum = summedGradients('test', small, 'short of memory', undefined);
    const terms = { clean: { x, y }, noise: x, lambda: 1, weightDecay: 0, outLoss: maxLogOdds, rng: createRng(1) };
    await expectNoLeak(() => tf.dispose(sum.of(terms)));
    expect(sizes).toEqual([16, 8, 4, 4, 4, 4]);
    expect(sum.parts()).toBe(4);
  });
});

describe('the verdict', () => {
  it('is on the paired difference of errors, whose standard error is that of the mean of differences', () => {
    // Differences 1, -1, 1, 0: mean 1/4, variance 3/4 - 1/16.
    const rise = riseOf(Uint8Array.of(0, 1, 0, 1), Uint8Array.of(1, 0, 1, 1));
    expect(rise.value).toBe(0.25);
    expect(rise.standardError).toBeCloseTo(Math.sqrt((3 / 4 - 1 / 16) / 4), 12);
  });

  it('allows a rise up to the tolerance and one standard error', () => {
    expect(isAllowed({ value: 0.0149, standardError: 0.01 }, 0.5)).toBe(true);
    expect(isAllowed({ value: 0.0151, standardError: 0.01 }, 0.5)).toBe(false);
  });

  it('prefers what is allowed, then the confidence on data above that on noise', () => {
    const record = (allowed: boolean, confidence: number, noise: number, error = 0) =>
      ({ allowed, confidence, noise, attackedNoise: noise, error }) as FineTuneRecord;
    expect(isBetter(record(true, 0.5, 0.4), record(false, 0.9, 0.1))).toBe(true);
    expect(isBetter(record(true, 0.9, 0.5), record(true, 0.9, 0.6))).toBe(true);
    // Unsure of everything is no gain.
    expect(isBetter(record(true, 0.1, 0.1), record(true, 0.9, 0.6))).toBe(false);
    expect(isBetter(record(false, 0.9, 0.5, 0.2), record(false, 0.9, 0.1, 0.3))).toBe(true);
  });

  it('takes a model for a guess that does no better than the commonest class within two standard errors', () => {
    const labels = Int32Array.from({ length: 100 }, (_, i) => i % 4);
    // A guess is right in 25 %, with a standard error of 4.3 points.
    expect(isChance(labels, 0.67, 4)).toBe(true);
    expect(isChance(labels, 0.66, 4)).toBe(false);
  });
});

describe('the learning rate', () => {
  it('warms up in ten updates, stays, and falls to zero along a line', () => {
    const plan = firstPlan(100);
    expect([0, 4, 9, 59, 60, 80, 99].map((update) => rateAt(update, plan))).toEqual([0.1, 0.5, 1, 1, 1, 0.5, 0.025]);
  });

  it('falls earlier where five measurements have brought nothing', () => {
    const check = (update: number, confidence: number) =>
      ({ update, confidence, noise: 0, attackedNoise: 0 }) as FineTuneRecord;
    const flat = Array.from({ length: 6 }, (_, i) => check(10 * (i + 1), 0.5));
    expect(planAfter(flat.slice(0, 5), firstPlan(200))).toEqual(firstPlan(200));
    expect(planAfter(flat, firstPlan(200))).toEqual({ from: 60, until: 90 });
    const rising = flat.map((record, i) => ({ ...record, confidence: 0.5 + 0.01 * i }));
    expect(planAfter(rising, firstPlan(200))).toEqual(firstPlan(200));
  });
});
