import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { type CheckpointStore, createRng, type FitOptions, fit, plainGradients, uniformNoise } from '../../src/index';
import { decodeCheckpoint } from '../../src/training/fitCheckpoint';
import { expectNoLeak } from '../support/expectNoLeak';
import { seedWeights, tinyBatch, tinyMlp, tinyMlpWithState, weightsOf } from '../support/smallModels';

type Layer = LayersModel['layers'][number];

await tf.setBackend('cpu');
const data = tinyBatch(24);
const BASE: FitOptions = { method: 'plain', epochs: 3, batchSize: 8, seed: 5 };

/** The steps at which checkpoints were written. */
function watchedStore(): CheckpointStore & { steps: number[] } {
  let last: Uint8Array | undefined;
  const steps: number[] = [];
  const write = async (bytes: Uint8Array) => {
    last = bytes;
    steps.push(decodeCheckpoint<{ step: number }>('fit', bytes).facts.step);
  };
  return { steps, read: async () => last, write };
}

/** The weights after a training of a fresh model. */
async function trained(options: FitOptions, set: { x: tf.Tensor; y: tf.Tensor } = data): Promise<number[]> {
  const model = tinyMlp();
  await fit(model, set, { ...BASE, ...options });
  return weightsOf(model);
}

describe('a step of fit', () => {
  it('takes its order from the stream of its epoch, and all else from the stream of its own', async () => {
    const drawn: { rows: number[]; at: number }[] = [];
    const x = tf.reshape(tf.linspace(0, 1, 48), [24, 2]);
    const augmentation: FitOptions['augmentation'] = (images, rng) => {
      drawn.push({ rows: [...images.dataSync()].filter((_, i) => i % 2 === 0), at: rng.uniform() });
      return images;
    };
    await fit(tinyMlp(), { x, y: data.y }, { ...BASE, augmentation });
    const rng = createRng(5);
    const values = x.dataSync();
    for (const [step, { rows, at }] of drawn.entries()) {
      const order = rng
        .fork('order')
        .fork(Math.floor(step / 3))
        .permutation(24);
      const picked = order.subarray((step % 3) * 8, (step % 3) * 8 + 8);
      expect(rows).toEqual(Array.from(picked, (row) => values[2 * row]));
      expect(at).toBe(rng.fork('step').fork(step).uniform());
    }
    expect(drawn).toHaveLength(9);
    x.dispose();
  });

  it('sees noise of its own', async () => {
    const seen: number[] = [];
    const noise: FitOptions['noise'] = (images, rng) => {
      const drawn = uniformNoise(images.shape, { rng });
      seen.push(drawn.dataSync()[0]!);
      return drawn;
    };
    await trained({ method: 'ceda', noise });
    expect(new Set(seen).size).toBe(9);
  });

  it('is made on the augmented images, and not on the others', async () => {
    const zeros = { x: tf.zerosLike(data.x), y: data.y };
    const augmented = await trained({ augmentation: (images) => tf.zerosLike(images) });
    expect(augmented).toEqual(await trained({}, zeros));
    expect(augmented).not.toEqual(await trained({}));
    zeros.x.dispose();
  });

  it('takes all examples at once where the batch is as large as the data', async () => {
    const shapes: number[][] = [];
    const augmentation = (images: tf.Tensor) => {
      shapes.push(images.shape);
      return images;
    };
    await trained({ batchSize: 24, epochs: 2, augmentation });
    expect(shapes).toEqual([
      [24, 2],
      [24, 2],
    ]);
  });

  it('of GOOD has epsilon and lambda times the ramp, which by default rises over the first half', async () => {
    const good: FitOptions = { method: 'good', epsilon: 0.2, noise: (images) => images };
    const half = await trained({ ...good, ramp: () => 0.5 });
    expect(half).toEqual(await trained({ ...good, epsilon: 0.1, lambda: 0.5, ramp: () => 1 }));
    expect(await trained({ ...good, ramp: () => 0 })).toEqual(await trained({}));
    expect(await trained(good)).toEqual(await trained({ ...good, ramp: (done) => Math.min(1, 2 * done) }));
    expect(await trained(good)).not.toEqual(half);
  });
});

describe('an epoch of fit', () => {
  it('has the mean of what its steps saw, and the validation data as they are', async () => {
    const model = tinyMlp();
    const optimizer = tf.train.sgd(0);
    const validation = tinyBatch(10, 4);
    const { epochs } = await fit(model, data, { ...BASE, weightDecay: 0, optimizer, validation });
    const { inLoss, loss, grads, ...others } = plainGradients(model, data, { weightDecay: 0 });
    const [mean] = await inLoss.data();
    for (const epoch of epochs) {
      expect(epoch.inLoss).toBeCloseTo(mean!, 5);
      expect(epoch.loss).toBeCloseTo(mean!, 5);
    }
    const logits = (await (model.predict(validation.x) as tf.Tensor2D).array()) as number[][];
    const labels = Array.from(await validation.y.data());
    const softmax = logits.map((row) => {
      const exps = row.map(Math.exp);
      return exps.map((e) => e / exps.reduce((a, b) => a + b));
    });
    const average = (numbers: number[]) => numbers.reduce((a, b) => a + b) / numbers.length;
    const seen = epochs[1]!.validation!;
    expect(seen.error).toBeCloseTo(average(softmax.map((p, i) => Number(p.indexOf(Math.max(...p)) !== labels[i]))), 12);
    expect(seen.loss).toBeCloseTo(average(softmax.map((p, i) => -Math.log(p[labels[i]!]!))), 5);
    expect(seen.meanMaxConfidence).toBeCloseTo(average(softmax.map((p) => Math.max(...p))), 6);
    tf.dispose([inLoss, loss, grads, { ...others }, validation.x, validation.y]);
  });

  it('has noise in its record for every method but plain', async () => {
    const { epochs } = await fit(tinyMlp(), data, { ...BASE, method: 'ceda' });
    expect(epochs[0]!.outLoss).toBeLessThan(0);
    expect(epochs[0]!.outConfidence).toBeGreaterThan(1 / 3);
  });
});

describe('checkpoints of fit', () => {
  it('are written after every `checkpointEvery` steps and after each epoch', async () => {
    const checkpoint = watchedStore();
    await trained({ checkpoint, checkpointEvery: 2 });
    expect(checkpoint.steps).toEqual([2, 3, 4, 6, 8, 9]);
  });

  it('hold the step at which the run was aborted, and a run that is over has nothing to do', async () => {
    const checkpoint = watchedStore();
    const control = new AbortController();
    const onStep: FitOptions['onStep'] = ({ done }) => done === 4 && control.abort();
    await expect(trained({ checkpoint, signal: control.signal, onStep })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(checkpoint.steps).toEqual([3, 4]);
    const seen: number[] = [];
    const finished = await trained({ checkpoint, onStep: ({ done }) => void seen.push(done) });
    expect(seen).toEqual([5, 6, 7, 8, 9]);
    expect(await trained({ checkpoint, onStep: ({ done }) => void seen.push(done) })).toEqual(finished);
    expect(seen).toHaveLength(5);
  });

  it('give the optimizer the number of its updates back, and slots that go on with this model only', async () => {
    const checkpoint = watchedStore();
    const [first, second] = [tf.train.momentum(0.01, 0.9), tf.train.momentum(0.01, 0.9)];
    await trained({ checkpoint, optimizer: first });
    const model = tinyMlpWithState();
    await fit(model, data, { ...BASE, optimizer: tf.train.momentum(0.01, 0.9), epochs: 1 });
    const resumed = tinyMlp(8);
    await fit(resumed, data, { ...BASE, checkpoint, optimizer: second });
    expect(second.iterations).toBe(9);
    // Slots that were there already are replaced, not leaked.
    await expectNoLeak(() => fit(resumed, data, { ...BASE, checkpoint, optimizer: second }));
    await fit(resumed, data, { ...BASE, optimizer: second, epochs: 1 });
    await expect(fit(model, data, { ...BASE, optimizer: second, epochs: 1 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('leave the learning rate as it was, also when a run ends early', async () => {
    const optimizer = tf.train.sgd(0.25);
    const onStep: FitOptions['onStep'] = ({ done }) => {
      if (done === 8) throw new RangeError('mine');
    };
    await expect(trained({ optimizer, onStep })).rejects.toThrow('mine');
    expect(Reflect.get(optimizer, 'learningRate')).toBe(0.25);
  });
});

describe('fit with layers that are random in training', () => {
  const random: Record<string, () => Layer> = {
    Dropout: () => layers.dropout({ rate: 0.4 }),
    GaussianNoise: () => layers.gaussianNoise({ stddev: 0.3 }),
    GaussianDropout: () => layers.gaussianDropout({ rate: 0.3 }),
    AlphaDropout: () => layers.alphaDropout({ rate: 0.3 }),
    SpatialDropout1D: () => layers.spatialDropout1d({ rate: 0.4 }),
  };

  it.each(Object.entries(random))('of class %s ends with the same weights for the same seed', async (name, make) => {
    const run = async (seed: number) => {
      const model = seedWeights(
        sequential({
          layers: [
            layers.reshape({ inputShape: [2], targetShape: [2, 1] }),
            layers.dense({ units: 4, activation: 'relu' }),
            make(),
            layers.flatten(),
            layers.dense({ units: 3 }),
          ],
        }),
        1,
      );
      await fit(model, data, { ...BASE, seed, stepsPerEpoch: 1, batchSize: 24 });
      return weightsOf(model);
    };
    const first = await run(1);
    expect(await run(1)).toEqual(first);
    expect(await run(2), name).not.toEqual(first);
  });
});
