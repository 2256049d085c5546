import * as tf from '@tensorflow/tfjs-core';
import {
  model as buildModel,
  input,
  type LayersModel,
  layers,
  type SymbolicTensor,
  sequential,
} from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { imageOf } from '../../src/classifier/inputFacts';
import { createRng } from '../../src/core/rng';
import {
  cedaGradients,
  cedaStep,
  classifier,
  evaluateOod,
  fit,
  maxConfidenceAttack,
  paperSampler,
  uniformNoise,
} from '../../src/index';
import { expectRefusal } from '../support/expectRefusal';
import { rescaledGraph } from '../support/graphModel';
import { onBackend } from '../support/onBackend';
import { seedWeights } from '../support/smallModels';

const ends = () => [layers.flatten(), layers.dense({ units: 6, activation: 'relu' }), layers.dense({ units: 3 })];

/** The network of the first Keras tutorial in small, with an axis of channels or without. */
function tutorial(inputShape: number[]): LayersModel {
  return seedWeights(sequential({ layers: [layers.inputLayer({ inputShape }), ...ends()] }), 5);
}

describe('what an image is', () => {
  test.each<[string, () => LayersModel]>([
    ['Flatten', () => tutorial([8, 6])],
    [
      'Reshape to channels',
      () => sequential({ layers: [layers.reshape({ inputShape: [8, 6], targetShape: [8, 6, 1] }), ...ends()] }),
    ],
    [
      'batch normalisation and Flatten',
      () => sequential({ layers: [layers.batchNormalization({ inputShape: [8, 6] }), ...ends()] }),
    ],
    ['Dense', () => sequential({ layers: [layers.dense({ inputShape: [8, 6], units: 4 }), ...ends()] })],
    ['a nested model', () => sequential({ layers: [tutorial([8, 6])] })],
  ])('[H, W] read by %s is an image of one channel', (_, make) => {
    const model = make();
    const net = classifier(model);
    expect(net.image).toBe(true);
    expect(imageOf(net)).toEqual({ height: 8, width: 6, channels: 1 });
    model.dispose();
  });

  test.each<[string, () => LayersModel]>([
    [
      'Conv1D',
      () => sequential({ layers: [layers.conv1d({ inputShape: [8, 6], filters: 2, kernelSize: 3 }), ...ends()] }),
    ],
    [
      'LSTM',
      () =>
        sequential({
          layers: [
            layers.lstm({ inputShape: [8, 6], units: 4, recurrentInitializer: 'zeros' }),
            layers.dense({ units: 3 }),
          ],
        }),
    ],
    [
      'batch normalisation, dropout and GRU',
      () =>
        sequential({
          layers: [
            layers.batchNormalization({ inputShape: [8, 6] }),
            layers.dropout({ rate: 0.1 }),
            layers.gru({ units: 4, recurrentInitializer: 'zeros' }),
            layers.dense({ units: 3 }),
          ],
        }),
    ],
    [
      'one of two branches with Conv1D',
      () => {
        const start = input({ shape: [8, 6] });
        const seen = layers
          .flatten()
          .apply(layers.conv1d({ filters: 2, kernelSize: 3 }).apply(start)) as SymbolicTensor;
        const all = layers
          .concatenate()
          .apply([layers.flatten().apply(start) as SymbolicTensor, seen]) as SymbolicTensor;
        return buildModel({ inputs: start, outputs: layers.dense({ units: 3 }).apply(all) as SymbolicTensor });
      },
    ],
  ])('[H, W] read by %s is a sequence, unless the caller says that it is an image', (_, make) => {
    const model = make();
    expect(imageOf(classifier(model))).toBeUndefined();
    expect(imageOf(classifier(model, { image: true }))).toEqual({ height: 8, width: 6, channels: 1 });
    expect(imageOf(classifier(classifier(model), { image: true }))).toEqual({ height: 8, width: 6, channels: 1 });
    model.dispose();
  });

  test('a function of [H, W] sees images, and [H, W, C] is one, unless the caller says no', () => {
    const f = (x: tf.Tensor) => tf.reshape<tf.Rank.R2>(x, [-1, 6]);
    expect(imageOf(classifier(f, { inputShape: [2, 3] }))).toEqual({ height: 2, width: 3, channels: 1 });
    expect(imageOf(classifier(f, { inputShape: [1, 2, 3] }))).toEqual({ height: 1, width: 2, channels: 3 });
    expect(imageOf(classifier(f, { inputShape: [1, 2, 3], image: false }))).toBeUndefined();
    expect(imageOf(classifier(f, { inputShape: [6] }))).toBeUndefined();
    expect(imageOf(classifier(f, { inputShape: [1, 1, 2, 3] }))).toBeUndefined();
  });

  test('vectors cannot be said to be images, and only true and false are understood', async () => {
    const f = (x: tf.Tensor) => x as tf.Tensor2D;
    const where = { code: 'INVALID_OPTION', fn: 'classifier', argument: 'image' } as const;
    await expectRefusal(() => classifier(f, { inputShape: [6], image: true }), where);
    await expectRefusal(() => classifier(classifier(f, { inputShape: [6] }), { image: true }), where);
    await expectRefusal(() => classifier(f, { inputShape: [6], ...JSON.parse('{ "image": 1 }') }), where);
  });
});

const numbers = async (tensor: tf.Tensor) => Array.from(await tensor.data());

describe.each(['cpu', 'wasm'] as const)('a network of [H, W], on %s', (backend) => {
  const images = (shape: number[]) => uniformNoise([5, ...shape], { seed: 8 });

  test('is attacked by maxConfidenceAttack just as one of [H, W, 1]', async () => {
    await onBackend(backend, async () => {
      const found = [];
      for (const shape of [
        [8, 8],
        [8, 8, 1],
      ]) {
        const model = tutorial(shape);
        const x = images(shape);
        const { adversarial, objective } = maxConfidenceAttack(model, x, { seed: 2, steps: 8, restarts: 2 });
        expect(adversarial.shape).toEqual(x.shape);
        found.push([await numbers(adversarial), await numbers(objective)]);
        tf.dispose([adversarial, objective, x]);
        model.dispose();
      }
      expect(found[0]).toEqual(found[1]);
    });
  });

  test.each(['ceda', 'acet'] as const)('is trained by fit with %s just as one of [H, W, 1]', async (method) => {
    await onBackend(backend, async () => {
      const seen = [];
      for (const shape of [
        [8, 8],
        [8, 8, 1],
      ]) {
        const model = tutorial(shape);
        const data = { x: images(shape), y: tf.tensor1d([0, 1, 2, 0, 1], 'int32') };
        const { epochs } = await fit(model, data, { method, epochs: 2, batchSize: 2, steps: 3, seed: 1 });
        seen.push(epochs);
        tf.dispose([data.x, data.y]);
        model.dispose();
      }
      expect(seen[0]).toEqual(seen[1]);
      expect(seen[0]![0]!.outConfidence).toBeGreaterThan(0);
    });
  });
});

test('noise for a classifier whose [H, W] is a sequence is not smoothed, in training and in evaluation', async () => {
  const model = seedWeights(
    sequential({ layers: [layers.conv1d({ inputShape: [8, 6], filters: 2, kernelSize: 3 }), ...ends()] }),
    2,
  );
  const batch = { x: uniformNoise([4, 8, 6], { seed: 1 }), y: tf.tensor1d([0, 1, 2, 0]) };
  const losses = [undefined, paperSampler({ image: false }), paperSampler({ image: true })].map((noise) => {
    const { outLoss, ...rest } = cedaGradients(model, batch, { ...(noise && { noise }), rng: createRng(3) });
    tf.dispose(Object.values(rest).flatMap((value) => (value instanceof tf.Tensor ? [value] : Object.values(value))));
    const [value] = outLoss.dataSync();
    outLoss.dispose();
    return value;
  });
  expect(losses[0]).toBe(losses[1]);
  expect(losses[0]).not.toBe(losses[2]);
  tf.dispose(cedaStep(model, tf.train.sgd(0.01), batch, { seed: 1 }));
  const off = { adversarialNoise: false, adversarialSamples: false } as const;
  const [one, other] = await Promise.all(
    [true, paperSampler({ image: false })].map((noise) => evaluateOod(model, { in: batch, noise, ...off })),
  );
  expect(one!.rows).toEqual(other!.rows);
  tf.dispose([batch.x, batch.y]);
  model.dispose();
});

describe('bounds', () => {
  const rescaled = (scale: number, offset: number) =>
    sequential({ layers: [layers.rescaling({ inputShape: [4, 4, 1], scale, offset }), ...ends()] });

  test.each<[number, number, [number, number], 'model' | 'assumed']>([
    [1 / 255, 0, [0, 255], 'model'],
    [1 / 256, 0, [0, 255], 'model'],
    [1 / 127.5, -1, [0, 255], 'model'],
    [1 / 255, -0.5, [0, 255], 'model'],
    [2, -1, [0, 1], 'model'],
    [0.5, 0.5, [-1, 1], 'model'],
    [1, 0, [0, 1], 'assumed'],
    [1 / 58, -2.1, [0, 1], 'assumed'],
    [3, 0, [0, 1], 'assumed'],
  ])('a first layer that makes %d x + %d of x tells them, or not', (scale, offset, bounds, from) => {
    const model = rescaled(scale, offset);
    const { bounds: got, boundsFrom } = classifier(model);
    expect({ got, boundsFrom }).toEqual({ got: bounds, boundsFrom: from });
    const nested = classifier(sequential({ layers: [model] }));
    expect(nested.bounds).toEqual(bounds);
    model.dispose();
  });

  test('that the caller gives count, and a view of a classifier takes over who told them', () => {
    const model = rescaled(1 / 255, 0);
    const net = classifier(model, { bounds: [0, 1] });
    expect(net).toMatchObject({ bounds: [0, 1], boundsFrom: 'given' });
    expect(classifier(classifier(model), { labels: ['a', 'b', 'c'] })).toMatchObject({
      bounds: [0, 255],
      boundsFrom: 'model',
    });
    expect(classifier(classifier(model), { bounds: [0, 9] }).boundsFrom).toBe('given');
    model.dispose();
  });

  test('are told by what comes first and nothing later, and by no layer that changes each value in its own way', () => {
    const late = sequential({
      layers: [
        layers.dense({ inputShape: [4], units: 4 }),
        layers.rescaling({ scale: 1 / 255 }),
        layers.dense({ units: 3 }),
      ],
    });
    const normalised = sequential({
      layers: [
        layers.batchNormalization({ inputShape: [4] }),
        layers.rescaling({ scale: 1 / 255 }),
        layers.dense({ units: 3 }),
      ],
    });
    for (const model of [late, normalised]) {
      expect(classifier(model).boundsFrom).toBe('assumed');
      model.dispose();
    }
    expect(classifier((x) => x as tf.Tensor2D, { inputShape: [3] }).boundsFrom).toBe('assumed');
  });

  test('of a GraphModel are told by a product and a sum with the same number for all values', async () => {
    for (const [op, value, offset, expected] of [
      ['Mul', 1 / 255, 0, [0, 255]],
      ['RealDiv', 127.5, -1, [0, 255]],
      ['Mul', 2, -1, [0, 1]],
      ['Mul', 3, 0, undefined],
    ] as const) {
      const model = await rescaledGraph(op, value, offset);
      expect(classifier(model)).toMatchObject({
        bounds: expected ?? [0, 1],
        boundsFrom: expected === undefined ? 'assumed' : 'model',
      });
      model.dispose();
    }
  });

  test('are used by everything that draws and attacks: rescaled inputs in [0, 255] are those of [0, 1] without the layer', async () => {
    const plain = tutorial([4, 4, 1]);
    const model = sequential({ layers: [layers.rescaling({ inputShape: [4, 4, 1], scale: 1 / 255 }), plain] });
    const x = uniformNoise([6, 4, 4, 1], { seed: 1 });
    const bytes = tf.mul(x, 255);
    const y = tf.tensor1d([0, 1, 2, 0, 1, 2]);
    const settings = { adversarialNoise: { steps: 5 }, adversarialSamples: { steps: 5 }, seed: 3 } as const;
    const expected = await evaluateOod(plain, { in: { x, y }, ...settings });
    const got = await evaluateOod(model, { in: { x: bytes, y }, ...settings });
    expect(got.settings.adversarialNoise!.epsilon).toBeCloseTo(0.3 * 255, 9);
    got.rows.forEach((row, i) => {
      expect(row.meanMaxConfidence).toBeCloseTo(expected.rows[i]!.meanMaxConfidence!, 4);
    });
    tf.dispose([x, bytes, y]);
    model.dispose();
  });
});

test('token ids are refused in words, of an Embedding layer wherever it stands, and of a lookup in a graph', async () => {
  const text = sequential({
    layers: [
      layers.embedding({ inputDim: 50, outputDim: 4, inputLength: 6 }),
      layers.globalAveragePooling1d(),
      layers.dense({ units: 3, activation: 'softmax' }),
    ],
  });
  const where = { code: 'UNSUPPORTED_MODEL', fn: 'classifier', argument: 'model' } as const;
  await expectRefusal(() => classifier(text), where);
  await expectRefusal(() => classifier(sequential({ layers: [text] })), where);
  expect(() => classifier(text)).toThrow(/one of token ids, which layer "embedding\S*" \(Embedding\) looks up/);
  const lookup = await rescaledGraph('GatherV2', 0, 0);
  await expectRefusal(() => classifier(lookup), where);
  text.dispose();
  lookup.dispose();
});
