import * as tf from '@tensorflow/tfjs-core';
import { model as buildModel, input, type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { type Classifier, classifier, confidences } from '../../src/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { tinyGraphModel } from '../support/graphModel';

const x = tf.keep(tf.tensor2d([0.1, 0.9, 0.4, 0.2, 0.7, 0.3], [3, 2]));

/** Softmax of the classifier's logits and the model's own output must be the same thing. */
async function expectSameDistribution(net: Classifier, model: LayersModel): Promise<void> {
  const [ours, theirs] = tf.tidy(() => [tf.softmax(net.logits(x)), model.predict(x) as tf.Tensor]);
  const [a, b] = [await ours.data(), await theirs.data()];
  a.forEach((value, i) => {
    expect(value).toBeCloseTo(b[i]!, 6);
  });
  tf.dispose([ours, theirs]);
}

describe('classifier', () => {
  it('takes a softmax activation off a dense layer and shares its weights', async () => {
    const model = sequential({
      layers: [
        layers.dense({ inputShape: [2], units: 5, activation: 'relu' }),
        layers.dense({ units: 3, activation: 'softmax' }),
      ],
    });
    const net = await expectNoLeak(() => classifier(model));
    await expectSameDistribution(net, model);
    expect(net.variables).toEqual(model.trainableWeights.map((w) => w.read()));
    const rowSums = await tf.tidy(() => tf.sum(net.logits(x), 1)).data();
    expect(Math.max(...rowSums.map((s) => Math.abs(s - 1)))).toBeGreaterThan(1e-3);
    net.variables[0]!.assign(tf.zerosLike(net.variables[0]!));
    await expectSameDistribution(net, model);
  });

  it('takes off a softmax layer, a softmax activation layer, and one in a nested model', async () => {
    const body = () => layers.dense({ inputShape: [2], units: 3 });
    const withLayer = sequential({ layers: [body(), layers.softmax()] });
    const withActivation = sequential({ layers: [body(), layers.activation({ activation: 'softmax' })] });
    const nested = sequential({
      layers: [layers.dense({ inputShape: [2], units: 2 }), sequential({ layers: [body(), layers.softmax()] })],
    });
    const onlySoftmaxDense = sequential({
      layers: [layers.dense({ inputShape: [2], units: 3, activation: 'softmax', useBias: false })],
    });
    for (const model of [withLayer, withActivation, nested, onlySoftmaxDense])
      await expectSameDistribution(classifier(model), model);
  });

  it('leaves a functional model that ends in logits as it is', async () => {
    const start = input({ shape: [2] });
    const end = layers.dense({ units: 4 }).apply(start);
    const model = buildModel({ inputs: start, outputs: end as ReturnType<typeof input> });
    const net = classifier(model);
    const [ours, theirs] = tf.tidy(() => [net.logits(x), model.predict(x) as tf.Tensor]);
    expect(await ours.data()).toEqual(await theirs.data());
    expect(net).toMatchObject({ inputShape: [2], classes: 4, bounds: [0, 1] });
    tf.dispose([ours, theirs]);
  });

  it('reads shapes from a GraphModel, and uses log-probabilities when told that it returns probabilities', async () => {
    const plain = classifier(await tinyGraphModel({ softmax: false }), { bounds: [-1, 1] });
    expect(plain).toMatchObject({ inputShape: [2], classes: 3, bounds: [-1, 1], variables: [] });
    const soft = classifier(await tinyGraphModel({ softmax: true }), { outputs: 'probabilities' });
    const [a, b] = [await confidences(plain, x), await confidences(soft, x)];
    a.forEach((value, i) => {
      expect(value).toBeCloseTo(b[i]!, 6);
    });
  });

  it('differentiates through a GraphModel', async () => {
    const net = classifier(await tinyGraphModel({ softmax: false }));
    const gradient = tf.tidy(() => tf.grad((z: tf.Tensor) => tf.sum(net.logits(z)))(x));
    expect((await gradient.data()).some((v) => v !== 0)).toBe(true);
    tf.dispose(gradient);
  });

  it('returns a classifier unchanged', () => {
    const net = classifier((z) => tf.slice(z, [0, 0], [-1, 2]) as tf.Tensor2D, { inputShape: [2], classes: 2 });
    expect(classifier(net)).toBe(net);
  });

  it('refuses probabilities that are passed off as logits', async () => {
    const soft = (z: tf.Tensor) => tf.softmax(z as tf.Tensor2D);
    const refusal = { code: 'PROBABILITIES_AS_LOGITS', fn: 'classifier', argument: 'model' } as const;
    await expectRefusal(() => classifier(soft, { inputShape: [2], classes: 2 }), refusal);
    await expectRefusal(() => classifier(soft, { inputShape: [2], classes: 2, outputs: 'logits' }), refusal);
    await expectRefusal(() => confidences(soft, x), refusal);
  });

  it('refuses unusable models and options by name', async () => {
    const one = sequential({ layers: [layers.dense({ inputShape: [2], units: 1 })] });
    const ok = (z: tf.Tensor) => z as tf.Tensor2D;
    const fn = 'classifier';
    await expectRefusal(() => classifier(one), { code: 'UNSUPPORTED_MODEL', fn, argument: 'model' });
    await expectRefusal(() => classifier(ok), { code: 'INVALID_ARGUMENT', fn, argument: 'inputShape' });
    await expectRefusal(() => classifier((z) => tf.sum(z) as tf.Tensor as tf.Tensor2D, { inputShape: [2] }), {
      code: 'UNSUPPORTED_MODEL',
      fn,
      argument: 'model',
    });
    await expectRefusal(() => classifier(ok, { inputShape: [2], classes: 3 }), {
      code: 'UNSUPPORTED_MODEL',
      fn,
      argument: 'model',
    });
    await expectRefusal(() => classifier(ok, { inputShape: [2], classes: 1 }), {
      code: 'INVALID_OPTION',
      fn,
      argument: 'classes',
    });
    await expectRefusal(() => classifier(ok, { inputShape: [2], classes: 2, bounds: [1, 0] }), {
      code: 'INVALID_OPTION',
      fn,
      argument: 'bounds',
    });
    await expectRefusal(() => classifier({} as LayersModel), { code: 'INVALID_ARGUMENT', fn, argument: 'model' });
  });
});

describe('classifier in training mode', () => {
  const build = () =>
    sequential({
      layers: [
        layers.dense({ inputShape: [2], units: 8 }),
        layers.batchNormalization(),
        layers.dropout({ rate: 0.5 }),
        layers.dense({ units: 3 }),
      ],
    });

  it('updates batch-norm statistics in training mode only', async () => {
    const model = build();
    const net = classifier(model);
    const statistics = async () =>
      (await Promise.all(model.layers[1]!.nonTrainableWeights.map((w) => w.read().data()))).map((d) => Array.from(d));
    const before = await statistics();
    await expectNoLeak(() => tf.dispose(net.logits(x)));
    expect(await statistics()).toEqual(before);
    await expectNoLeak(() => tf.dispose(net.logits(x, { training: true })));
    expect(await statistics()).not.toEqual(before);
  });

  it('keeps the statistics of a frozen batch-norm layer, as Keras does', async () => {
    const model = build();
    const net = classifier(model);
    model.layers[1]!.trainable = false;
    const mean = model.layers[1]!.weights[2]!.read();
    const before = Array.from(await mean.data());
    tf.dispose(net.logits(x, { training: true }));
    expect(Array.from(await model.layers[1]!.weights[2]!.read().data())).toEqual(before);
  });

  it('draws dropout masks from the stream it is given and leaves the layer as it was', async () => {
    const { createRng } = await import('../../src/index');
    const model = sequential({
      layers: [layers.dense({ inputShape: [2], units: 64 }), layers.dropout({ rate: 0.5 }), layers.dense({ units: 3 })],
    });
    const net = classifier(model);
    const run = async (seed: number) =>
      Array.from(await net.logits(x, { training: true, rng: createRng(seed) }).data());
    expect(await run(1)).toEqual(await run(1));
    expect(await run(1)).not.toEqual(await run(2));
    expect(Object.hasOwn(model.layers[1]!, 'call')).toBe(false);
  });

  it('keeps the expected value of a unit under dropout', async () => {
    const { createRng } = await import('../../src/index');
    const model = sequential({
      layers: [
        layers.dropout({ rate: 0.25, inputShape: [4000] }),
        layers.dense({ units: 2, kernelInitializer: 'ones' }),
      ],
    });
    const net = classifier(model);
    const [sum] = await tf.tidy(() => net.logits(tf.ones([1, 4000]), { training: true, rng: createRng(3) })).data();
    expect(Math.abs(sum! / 4000 - 1)).toBeLessThan(0.05);
  });

  it('refuses batch norm without center or scale, which tfjs cannot train', async () => {
    const model = sequential({
      layers: [layers.batchNormalization({ inputShape: [2], center: false }), layers.dense({ units: 2 })],
    });
    const net = classifier(model);
    await expectRefusal(() => net.logits(x, { training: true }), {
      code: 'UNSUPPORTED_MODEL',
      fn: 'classifier',
      argument: 'model',
    });
    tf.dispose(net.logits(x));
  });

  it('counts dense kernels, dense biases and convolution kernels as decayed, and nothing that is frozen', () => {
    const model = sequential({
      layers: [
        layers.conv2d({ inputShape: [4, 4, 1], filters: 2, kernelSize: 3 }),
        layers.batchNormalization(),
        layers.flatten(),
        layers.dense({ units: 5 }),
        layers.dense({ units: 3 }),
      ],
    });
    const net = classifier(model);
    expect(net.decayed.map((v) => v.shape.join('x'))).toEqual(['3x3x1x2', '8x5', '5', '5x3', '3']);
    model.layers[3]!.trainable = false;
    expect(net.decayed.map((v) => v.shape.join('x'))).toEqual(['3x3x1x2', '5x3', '3']);
    expect(net.variables.length).toBe(6);
    expect(net.state.length).toBe(10);
  });
});
