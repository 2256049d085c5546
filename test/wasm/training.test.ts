import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { disableWasmTraining, enableWasmTraining } from '../../src/wasm';
import { onBackend } from '../support/onBackend';
import { expectClose, values } from './kernelCase';

beforeAll(() => enableWasmTraining());
afterAll(() => disableWasmTraining());

/** Builds the same seeded network every time. */
type Build = () => tfl.LayersModel;

/** Loss, gradient of every weight and of the input, and the weights after one step of gradient descent. */
async function oneStep(
  build: Build,
  inputShape: readonly number[],
  classes: number,
): Promise<Map<string, Float32Array>> {
  const outer = tf.memory().numTensors;
  const model = build();
  fill(model);
  const size = tf.util.sizeFromShape([...inputShape]);
  const x = tf.tensor(values(4 * size, 11), [4, ...inputShape]);
  const labels = tf.tidy(() => tf.oneHot(tf.tensor1d([0, 1, 2, 1], 'int32'), classes));
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const loss = (input: tf.Tensor): tf.Scalar =>
    tf.tidy(() => tf.losses.softmaxCrossEntropy(labels, model.apply(input, { training: true }) as tf.Tensor));
  const results: [string, tf.Tensor][] = [];
  results.push(['input', tf.grad((input: tf.Tensor) => loss(input))(x)]);
  const { value, grads } = tf.variableGrads(() => loss(x), variables);
  results.push(['loss', value]);
  // Layers are numbered on as models are built, so weights are told apart by their place.
  variables.forEach((variable, i) => {
    results.push([`gradient ${i}`, grads[variable.name]!]);
  });
  tf.train.sgd(0.1).applyGradients(grads);
  model.weights.forEach((weight, i) => {
    results.push([`weight ${i}`, tf.clone(weight.read())]);
  });
  const numbers = new Map<string, Float32Array>();
  for (const [name, tensor] of results) numbers.set(name, Float32Array.from(await tensor.data()));
  tf.dispose(results.map(([, tensor]) => tensor));
  tf.dispose([x, labels]);
  model.dispose();
  expect(tf.memory().numTensors).toBeLessThanOrEqual(outer + 1); // the optimizer keeps its rate
  return numbers;
}

/** Weights drawn from a seed; tfjs draws its own differently for every backend. */
function fill(model: tfl.LayersModel): void {
  const filled = model.getWeights().map((weight, i) => {
    const drawn = values(weight.size, 100 + i);
    // Positive and near one suits both a scale and a variance; anything small suits the rest.
    const suits = weight.rank === 1 ? drawn.map((v) => 1 + 0.1 * v) : drawn.map((v) => 0.2 * v);
    return tf.tensor(suits, weight.shape);
  });
  model.setWeights(filled);
  tf.dispose(filled);
}

async function expectSameStep(build: Build, inputShape: readonly number[], classes = 3): Promise<void> {
  const wanted = await onBackend('cpu', () => oneStep(build, inputShape, classes));
  const got = await onBackend('wasm', () => oneStep(build, inputShape, classes));
  expect([...got.keys()]).toEqual([...wanted.keys()]);
  for (const [name, data] of wanted) {
    const largest = data.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-3);
    // Relative to the largest value of each tensor: float32 rounding, grown by the depth of the network.
    expectClose(
      got.get(name)!.map((v) => v / largest),
      data.map((v) => v / largest),
      1e-4,
    );
  }
}

const { layers } = tfl;

/** A network of the given layers, ending in a dense layer. */
function network(inputShape: number[], ...middle: tfl.layers.Layer[]): tfl.LayersModel {
  const input = tfl.input({ shape: inputShape });
  const hidden = middle.reduce((x, layer) => layer.apply(x) as tfl.SymbolicTensor, input);
  const flat = hidden.rank === 2 ? hidden : (layers.flatten().apply(hidden) as tfl.SymbolicTensor);
  return tfl.model({ inputs: input, outputs: layers.dense({ units: 3 }).apply(flat) as tfl.SymbolicTensor });
}

describe('one training step on wasm gives what it gives on cpu, to 1e-4 of the largest value of each tensor', () => {
  const activations: readonly [string, () => tfl.layers.Layer][] = [
    ['ReLU', () => layers.reLU()],
    ['ReLU6', () => layers.reLU({ maxValue: 6 })],
    ['LeakyReLU', () => layers.leakyReLU()],
    ['PReLU', () => layers.prelu()],
    ['PReLU shared over pixels', () => layers.prelu({ sharedAxes: [1, 2] })],
    ['ELU', () => layers.elu()],
    ['SELU', () => layers.activation({ activation: 'selu' })],
    ['sigmoid', () => layers.activation({ activation: 'sigmoid' })],
    ['tanh', () => layers.activation({ activation: 'tanh' })],
    ['softplus', () => layers.activation({ activation: 'softplus' })],
    ['softsign', () => layers.activation({ activation: 'softsign' })],
    ['swish', () => layers.activation({ activation: 'swish' })],
    ['softmax', () => layers.activation({ activation: 'softmax' })],
  ];
  test.each(activations)('activation %s', (_, activation) =>
    expectSameStep(() => network([6, 6, 2], layers.conv2d({ filters: 3, kernelSize: 3 }), activation()), [6, 6, 2]),
  );

  const pieces: readonly [string, () => tfl.layers.Layer[]][] = [
    ['strided, padded convolution', () => [layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same' })]],
    ['1 x 1 convolution', () => [layers.conv2d({ filters: 4, kernelSize: 1, strides: 2 })]],
    ['depthwise convolution', () => [layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same' })]],
    ['separable convolution', () => [layers.separableConv2d({ filters: 4, kernelSize: 3, padding: 'same' })]],
    ['transposed convolution', () => [layers.conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2 })]],
    [
      'one-dimensional convolution',
      () => [layers.reshape({ targetShape: [36, 2] }), layers.conv1d({ filters: 3, kernelSize: 3 })],
    ],
    ['batch normalisation', () => [layers.conv2d({ filters: 3, kernelSize: 3 }), layers.batchNormalization({})]],
    ['layer normalisation', () => [layers.conv2d({ filters: 3, kernelSize: 3 }), layers.layerNormalization({})]],
    ['max pooling', () => [layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' })]],
    ['average pooling', () => [layers.averagePooling2d({ poolSize: 2 })]],
    ['global average pooling', () => [layers.globalAveragePooling2d({})]],
    ['global max pooling', () => [layers.globalMaxPooling2d({})]],
    [
      'zero padding and cropping',
      () => [
        layers.zeroPadding2d({ padding: 2 }),
        layers.cropping2D({
          cropping: [
            [1, 1],
            [1, 1],
          ],
        }),
      ],
    ],
    ['dropout at rate 0', () => [layers.dropout({ rate: 0 })]],
    [
      'dense layers',
      () => [layers.flatten(), layers.dense({ units: 5, activation: 'relu' }), layers.dense({ units: 4 })],
    ],
  ];
  test.each(pieces)('%s', (_, middle) => expectSameStep(() => network([6, 6, 2], ...middle()), [6, 6, 2]));

  test('branches that are added, multiplied and concatenated', () =>
    expectSameStep(() => {
      const input = tfl.input({ shape: [6, 6, 2] });
      const branch = () =>
        layers.conv2d({ filters: 2, kernelSize: 3, padding: 'same' }).apply(input) as tfl.SymbolicTensor;
      const sum = layers.add().apply([branch(), input]) as tfl.SymbolicTensor;
      const product = layers.multiply().apply([branch(), sum]) as tfl.SymbolicTensor;
      const largest = layers.maximum().apply([branch(), branch()]) as tfl.SymbolicTensor;
      const joined = layers.concatenate().apply([sum, product, largest]) as tfl.SymbolicTensor;
      const flat = layers.flatten().apply(joined) as tfl.SymbolicTensor;
      return tfl.model({ inputs: input, outputs: layers.dense({ units: 3 }).apply(flat) as tfl.SymbolicTensor });
    }, [6, 6, 2]));

  test('a gather, whose gradient is a segment sum', async () => {
    const gradient = async () => {
      const out = tf.tidy(() =>
        tf.grad((x: tf.Tensor) => tf.sum(tf.square(tf.gather(x, tf.tensor1d([2, 0, 2], 'int32')))))(
          tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]),
        ),
      );
      const data = Array.from(await out.data());
      out.dispose();
      return data;
    };
    expect(await onBackend('wasm', gradient)).toEqual([2, 4, 0, 0, 20, 24]);
  });
});
