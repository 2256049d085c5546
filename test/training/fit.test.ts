import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  apgdLinf,
  type CheckpointStore,
  classifier,
  type DataLike,
  type FitOptions,
  fileCheckpoint,
  fit,
  lpOut,
  maxLogOdds,
  type Progress,
  paperSchedule,
  pgdLinf,
  randomCrop,
  uniformNoise,
} from '../../src/index';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/training/fitCheckpoint';
import { bundle } from '../support/bundle';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { tinyBatch, tinyMlp, tinyMlpWithState, weightsOf } from '../support/smallModels';

await tf.setBackend('cpu');
const data = tinyBatch(40);
const BASE: FitOptions = {
  noise: (images, rng) => uniformNoise(images.shape, { rng }),
  epochs: 4,
  batchSize: 9,
  steps: 2,
  seed: 7,
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fit-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** A store in memory that counts what it is given. */
function memoryStore(): CheckpointStore & { saved: Uint8Array[] } {
  const saved: Uint8Array[] = [];
  return { saved, read: async () => saved.at(-1), write: async (bytes) => void saved.push(bytes) };
}

describe('fit', () => {
  it('learns three classes, records every epoch and puts the learning rate back', async () => {
    const model = tinyMlp();
    const optimizer = tf.train.adam(0.05);
    const seen: number[] = [];
    const history = await fit(model, data, {
      ...BASE,
      method: 'ceda',
      epochs: 40,
      optimizer,
      validation: data,
      onEpoch: ({ epoch }) => seen.push(epoch),
    });
    expect(seen).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(history.epochs.map(({ learningRate }) => Math.round(learningRate / 0.05e-3) / 1000)).toEqual(
      seen.map((e) => (e >= 36 ? 0.001 : e >= 30 ? 0.01 : e >= 20 ? 0.1 : 1)),
    );
    expect(history.epochs.at(-1)!.validation!.error).toBeLessThan(0.15);
    expect(history.epochs.at(-1)!.inLoss).toBeLessThan(history.epochs[0]!.inLoss);
    expect(Reflect.get(optimizer, 'learningRate')).toBe(0.05);
  });

  it('takes { xs, ys } for the data and the validation set', async () => {
    const [ours, theirs] = [tinyMlp(), tinyMlp()];
    const renamed = { xs: data.x, ys: data.y };
    const expected = await fit(ours, data, { ...BASE, epochs: 1, validation: data });
    expect(await fit(theirs, renamed, { ...BASE, epochs: 1, validation: renamed })).toEqual(expected);
    expect(await weightsOf(theirs)).toEqual(await weightsOf(ours));
  });

  it('drops the last partial batch and counts steps of the whole training', async () => {
    const steps: number[] = [];
    await fit(tinyMlp(), data, { ...BASE, method: 'plain', onStep: ({ done, total }) => steps.push(done, total) });
    expect(steps.length / 2).toBe(4 * Math.floor(40 / 9));
    expect(steps.at(-1)).toBe(16);
    expect(steps.at(-2)).toBe(16);
  });

  it('leaves out other examples in each epoch, so that the last partial batches are no lost data', async () => {
    const numbered = { x: tf.stack([tf.range(0, 1, 0.1), tf.zeros([10])], 1), y: tf.zeros([10]) };
    const seen = new Set<number>();
    const augmentation = (images: tf.Tensor) => {
      for (const [number] of images.arraySync() as number[][]) seen.add(Math.round(10 * number!));
      return tf.clone(images);
    };
    await fit(tinyMlp(), numbered, { method: 'plain', epochs: 5, batchSize: 7, augmentation });
    expect(seen.size).toBe(10);
    tf.dispose(numbered);
  });

  it('takes all examples in one step where there are fewer than a batch, as if told their number', async () => {
    const few = { x: tf.slice(data.x, 0, 5), y: tf.slice(data.y, 0, 5) };
    const [one, other] = [tinyMlp(), tinyMlp()];
    const batches: number[] = [];
    const augmentation = (images: tf.Tensor) => {
      batches.push(images.shape[0]!);
      return tf.clone(images);
    };
    const { batchSize, ...rest } = BASE;
    const history = await fit(one, few, { ...rest, augmentation });
    expect(batches).toEqual([5, 5, 5, 5]);
    expect(history).toEqual(await fit(other, few, { ...rest, batchSize: 5 }));
    expect(await weightsOf(one)).toEqual(await weightsOf(other));
    tf.dispose(few);
  });

  it('takes as many steps per epoch as it is told, from an order of the examples that is the epoch’s own', async () => {
    const seen: number[][] = [];
    const augmentation = (images: tf.Tensor) => {
      seen.push([...images.dataSync()]);
      return tf.clone(images);
    };
    const options: FitOptions = { ...BASE, method: 'plain', stepsPerEpoch: 2, augmentation };
    const { epochs } = await fit(tinyMlp(), data, options);
    expect(epochs.length).toBe(4);
    expect(seen.length).toBe(4 * 2);
    expect(seen[2]).not.toEqual(seen[0]);
  });

  it('shows each example once per epoch, in another order each time', async () => {
    const orders: string[] = [];
    const x = tf.linspace(0, 1, 8);
    const numbered = { x: tf.stack([x, x], 1), y: tf.zeros([8], 'int32') };
    const watched: tf.Tensor[] = [];
    await fit(tinyMlp(), numbered, {
      ...BASE,
      method: 'plain',
      epochs: 3,
      batchSize: 4,
      augmentation: (images) => {
        watched.push(tf.keep(tf.clone(images)));
        return images;
      },
    });
    const values = await Promise.all(
      watched.map(async (t) => Array.from(await t.data()).filter((_, i) => i % 2 === 0)),
    );
    for (let epoch = 0; epoch < 3; epoch++) {
      const shown = [...values[2 * epoch]!, ...values[2 * epoch + 1]!];
      orders.push(shown.join());
      expect(shown.sort((a, b) => a - b)).toEqual(Array.from(await x.data()));
    }
    expect(new Set(orders).size).toBe(3);
    tf.dispose([watched, x, numbered]);
  });

  it('reports null, not NaN, for what plain training does not have', async () => {
    const { epochs } = await fit(tinyMlp(), data, { ...BASE, method: 'plain', epochs: 1 });
    expect(epochs[0]).toMatchObject({ outLoss: null, outConfidence: null, validation: null });
  });

  it('leaks nothing, for any method, with augmentation and validation', async () => {
    for (const method of ['plain', 'ceda', 'acet'] as const) {
      const model = tinyMlpWithState();
      await expectNoLeak(() =>
        fit(model, data, { ...BASE, method, epochs: 2, validation: data, augmentation: (x) => tf.clone(x) }),
      );
    }
    const images = { x: tf.ones([8, 6, 6, 1]), y: tf.zeros([8], 'int32') };
    const model = sequential({ layers: [layers.flatten({ inputShape: [6, 6, 1] }), layers.dense({ units: 2 })] });
    await expectNoLeak(() =>
      fit(model, images, {
        method: 'plain',
        epochs: 1,
        batchSize: 4,
        augmentation: (x, rng) => randomCrop(x, { rng }),
      }),
    );
  });
});

const OPTIMIZERS: Record<string, () => tf.Optimizer> = {
  adam: () => tf.train.adam(0.01),
  momentum: () => tf.train.momentum(0.05, 0.9),
  sgd: () => tf.train.sgd(0.05),
  rmsprop: () => tf.train.rmsprop(0.01),
  adamax: () => tf.train.adamax(0.01),
};

describe('a stopped run', () => {
  it.each(Object.entries(OPTIMIZERS))(
    'resumes bit for bit with %s, in the middle of an epoch',
    async (_name, optimizer) => {
      const whole = tinyMlpWithState();
      const wholeHistory = await fit(whole, data, { ...BASE, optimizer: optimizer() });
      const store = memoryStore();
      const control = new AbortController();
      await expect(
        fit(tinyMlpWithState(), data, {
          ...BASE,
          optimizer: optimizer(),
          checkpoint: store,
          checkpointEvery: 1000,
          signal: control.signal,
          onStep: ({ done }) => done === 6 && control.abort(),
        }),
      ).rejects.toMatchObject({ code: 'ABORTED' });
      const resumed = tinyMlpWithState(99);
      const history = await fit(resumed, data, { ...BASE, optimizer: optimizer(), checkpoint: store });
      expect(await weightsOf(resumed)).toEqual(await weightsOf(whole));
      expect(history).toEqual(wholeHistory);
    },
  );

  it('killed with SIGKILL in the middle of an epoch, twice, ends with the weights of the run that never stopped', async () => {
    const script = bundle(new URL('./fixtures/killedRun.ts', import.meta.url));
    const run = (args: string[], killAt?: number) =>
      new Promise<string | undefined>((resolve, reject) => {
        const child = spawn(process.execPath, ['-', ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
        child.stdin.end(script);
        let weights: string | undefined;
        createInterface({ input: child.stdout }).on('line', (line) => {
          if (line === `step ${killAt}`) child.kill('SIGKILL');
          if (line.startsWith('weights ')) weights = line;
        });
        child.on('error', reject).on('close', () => resolve(weights));
      });
    const path = join(folder, 'killed');
    expect(await run([path], 7)).toBeUndefined();
    expect(await run([path], 18)).toBeUndefined();
    const [resumed, whole] = await Promise.all([run([path]), run([])]);
    expect(whole).toContain('weights [');
    expect(resumed).toBe(whole);
  });

  it('leaves the previous checkpoint usable when writing the next one is cut short', async () => {
    const path = join(folder, 'cut');
    const store = fileCheckpoint(path);
    expect(await store.read()).toBeUndefined();
    await store.write(new Uint8Array([1, 2, 3]));
    await writeFile(`${path}.partial`, new Uint8Array([9]));
    expect(await store.read()).toEqual(new Uint8Array([1, 2, 3]));
    await store.write(new Uint8Array([4, 5]));
    expect(new Uint8Array(await readFile(path))).toEqual(new Uint8Array([4, 5]));
  });

  const uniform: FitOptions['noise'] = (images, rng) => uniformNoise(images.shape, { rng });
  /** Every way in which a run of ACET can differ from that with the options here, and the setting that is named. */
  const OTHER_RUNS: Record<string, FitOptions & { data?: DataLike; model?: () => LayersModel }> = {
    method: { method: 'ceda' },
    seed: { seed: 8 },
    epochs: { epochs: 2 },
    batchSize: { batchSize: 4 },
    stepsPerEpoch: { stepsPerEpoch: 1 },
    weightDecay: { weightDecay: 1e-4 },
    lambda: { lambda: 0.5 },
    noise: { noise: uniform },
    outLoss: { outLoss: maxLogOdds },
    attack: { attack: apgdLinf },
    epsilon: { epsilon: 0.2 },
    steps: { steps: 3 },
    stepSize: { stepSize: 0.01 },
    schedule: { schedule: () => 1 },
    augmentation: { augmentation: (images) => images },
    optimizer: { optimizer: tf.train.momentum(1e-3, 0.9) },
    'optimizer.learningRate': { optimizer: tf.train.adam(1e-4) },
    'optimizer.beta1': { optimizer: tf.train.adam(1e-3, 0.8) },
    bounds: {},
    'shape of x': { data: tinyBatch(39) },
    'checksum of examples': { data: tinyBatch(40, 3) },
    'trainable variables': { model: () => tinyMlpWithState() },
    'checksum of the layers’ settings': {
      model: () =>
        sequential({
          layers: [layers.dense({ inputShape: [2], units: 16, activation: 'tanh' }), layers.dense({ units: 3 })],
        }),
    },
  };

  it.each(Object.entries(OTHER_RUNS))('is not continued by one with another %s', async (name, other) => {
    const { data: others = data, model: build = tinyMlp, ...change } = other;
    const options: FitOptions = { epochs: 1, batchSize: 20, steps: 2 };
    const store = memoryStore();
    await fit(tinyMlp(), data, { ...options, checkpoint: store });
    const model = build();
    const before = await weightsOf(model);
    const net = name === 'bounds' ? classifier(model, { bounds: [-1, 1] }) : model;
    const refused = fit(net, others, { ...options, ...change, checkpoint: store });
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_CHECKPOINT', fn: 'fit', argument: 'checkpoint' });
    await expect(refused).rejects.toThrow(`a run with ${name} `);
    expect(await weightsOf(model)).toEqual(before);
    await expectNoLeak(() => fit(net, others, { ...options, ...change, checkpoint: store }).catch(() => {}));
  });

  it.each([
    ['quantile', { quantile: 0.5 }],
    ['epsilon', { epsilon: 0.2 }],
    ['ramp', { ramp: () => 1 }],
  ] as [string, FitOptions][])('of GOOD is not continued by one with another %s', async (name, change) => {
    const options: FitOptions = { method: 'good', epochs: 1, batchSize: 20 };
    const store = memoryStore();
    await fit(tinyMlp(), data, { ...options, checkpoint: store });
    const refused = fit(tinyMlp(), data, { ...options, ...change, checkpoint: store });
    await expect(refused).rejects.toThrow(`a run with ${name} `);
  });

  it('is not continued by one in which any label differs', async () => {
    const options: FitOptions = { method: 'plain', epochs: 1, batchSize: 20 };
    const store = memoryStore();
    await fit(tinyMlp(), data, { ...options, checkpoint: store });
    for (const place of [0, 20, 39]) {
      const y = Int32Array.from(await data.y.data());
      y[place] = (y[place]! + 1) % 3;
      const others = { x: data.x, y: tf.tensor1d(y) };
      const refused = fit(tinyMlp(), others, { ...options, checkpoint: store });
      await expect(refused).rejects.toThrow('a run with checksum of examples ');
      others.y.dispose();
    }
  });

  it('is continued by one that says the defaults, and that differs in what changes no weight', async () => {
    const store = memoryStore();
    const options: FitOptions = { epochs: 1, batchSize: 20, steps: 2, checkpoint: store };
    await fit(tinyMlp(), data, options);
    const same: FitOptions = {
      ...options,
      method: 'acet',
      seed: 0,
      weightDecay: 5e-4,
      lambda: 1,
      outLoss: lpOut,
      attack: pgdLinf,
      epsilon: 0.3,
      stepSize: (2.5 * 0.3) / 2,
      optimizer: tf.train.adam(1e-3),
      schedule: paperSchedule,
      validation: data,
      checkpointEvery: 3,
      onStep: () => {},
    };
    expect((await fit(tinyMlp(7), data, same)).epochs).toHaveLength(1);
  });

  it('cannot be told from one with another function of the caller in its place', async () => {
    const store = memoryStore();
    const options: FitOptions = { method: 'ceda', epochs: 1, batchSize: 20, checkpoint: store };
    await fit(tinyMlp(), data, { ...options, noise: uniform });
    const { epochs } = await fit(tinyMlp(), data, { ...options, noise: (images) => tf.zerosLike(images) });
    expect(epochs).toHaveLength(1);
  });

  it('of an earlier version is refused as such', async () => {
    const bytes = new TextEncoder().encode('relu-overconfidence checkpoint 1\n and the rest of it');
    const store = { read: async () => bytes, write: async () => {} };
    await expect(fit(tinyMlp(), data, { epochs: 1, batchSize: 20, checkpoint: store })).rejects.toThrow(
      'one of an earlier version',
    );
  });
});

describe('fit stops when numbers are no longer finite', () => {
  const options: FitOptions = { method: 'plain', epochs: 4, batchSize: 10, checkpointEvery: 3 };
  const nonFinite = { code: 'NON_FINITE', fn: 'fit', argument: 'optimizer' } as const;
  /** A model whose loss is finite and whose gradient is not once `bad` says so. */
  function fragile(bad: () => boolean) {
    const w = tf.variable(tf.tensor2d([0.1, -0.2, 0.3, 0.2, 0.1, -0.1], [2, 3]));
    const poisoned = tf.customGrad((x) => ({
      value: tf.clone(x as tf.Tensor),
      gradFunc: (dy: tf.Tensor) => tf.mul(dy, bad() ? Number.POSITIVE_INFINITY : 1),
    }));
    const net = classifier((x) => tf.matMul(x as tf.Tensor2D, poisoned(w) as tf.Tensor2D), {
      inputShape: [2],
      variables: [w],
    });
    return { net, w };
  }

  it.each([
    ['at a checkpoint', 5, 6],
    ['at the end of an epoch', 7, 8],
  ])('and names the step, when that is noticed %s', async (_, badStep, noticed) => {
    let step = 0;
    const { net, w } = fragile(() => step === badStep);
    const store = memoryStore();
    const onStep = ({ done }: Progress) => {
      step = done + 1;
    };
    step = 1;
    const run = fit(net, data, { ...options, checkpoint: store, onStep });
    await expect(run).rejects.toMatchObject(nonFinite);
    await expect(run).rejects.toThrow(`of step ${badStep} of 16`);
    await expect(run).rejects.toThrow('the last checkpoint is from before that step');
    expect(step).toBe(noticed);
    for (const bytes of store.saved)
      for (const { values } of decodeCheckpoint('fit', bytes).arrays)
        expect(values.every((value) => Number.isFinite(value) || Number.isNaN(value))).toBe(true);
    const weights = decodeCheckpoint('fit', store.saved.at(-1)!).arrays.filter(({ name }) => name === 'weights');
    expect(weights.flatMap(({ values }) => [...values]).every(Number.isFinite)).toBe(true);
    w.dispose();
  });

  it('and writes no checkpoint of them when it is aborted', async () => {
    const control = new AbortController();
    const { net, w } = fragile(() => true);
    const store = memoryStore();
    const onStep = () => control.abort();
    await expectRefusal(
      () => fit(net, data, { ...options, checkpoint: store, onStep, signal: control.signal }),
      nonFinite,
    );
    expect(store.saved).toEqual([]);
    w.dispose();
  });

  it('and leaks nothing', async () => {
    const { net, w } = fragile(() => true);
    await expectRefusal(() => fit(net, data, options), nonFinite);
    w.dispose();
  });
});

describe('checkpoint bytes', () => {
  const example = {
    facts: { step: 3 },
    arrays: [{ name: 'w', shape: [2, 2], values: new Float32Array([1, -0, Number.NaN, 1e-40]) }],
  };

  it('give back what went in, bit for bit', () => {
    const back = decodeCheckpoint('fit', encodeCheckpoint(example));
    expect(back).toEqual(example);
  });

  it('are refused when cut anywhere or when any bit is flipped', async () => {
    const bytes = encodeCheckpoint(example);
    const refusal = { code: 'INVALID_CHECKPOINT', fn: 'fit', argument: 'checkpoint' } as const;
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length * 8 - 1), fc.nat(bytes.length - 1), async (bit, length) => {
        const flipped = bytes.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        await expectRefusal(() => decodeCheckpoint('fit', flipped), refusal);
        await expectRefusal(() => decodeCheckpoint('fit', bytes.subarray(0, length)), refusal);
      }),
    );
  });
});
