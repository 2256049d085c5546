import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import {
  model as buildModel,
  type LayersModel,
  layers,
  input as makeInput,
  type SymbolicTensor,
  sequential,
} from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classifier } from '../../src/classifier/classifier';
import { openInference } from '../../src/classifier/inference';
import type { Classifier } from '../../src/classifier/types';
import { createRng } from '../../src/core/rng';
import { disableWasmTraining, enableWasmTraining } from '../../src/wasm';
import { expectNoLeak } from '../support/expectNoLeak';
import { hasActivation } from '../support/hasActivation';

type Build = (x: SymbolicTensor) => SymbolicTensor;
const through =
  (...list: { apply(x: SymbolicTensor): unknown }[]): Build =>
  (x) =>
    list.reduce((all, layer) => layer.apply(all) as SymbolicTensor, x);
const conv = (more: object = {}) => layers.conv2d({ filters: 5, kernelSize: 3, ...more });
const depthwise = (more: object = {}) => layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, ...more });
const norm = (more: object = {}) => layers.batchNormalization(more);

/** Every kind of layer that is read, alone and next to those that it is folded with; on images `[7, 6, 3]`. */
const BLOCKS: Readonly<Record<string, Build>> = {
  'a convolution with relu': through(conv({ activation: 'relu' })),
  'a convolution without a bias and with padding': through(conv({ useBias: false, padding: 'same', strides: 2 })),
  'a dilated convolution': through(conv({ dilationRate: 2, activation: 'tanh' })),
  'a strided convolution of unequal strides': through(conv({ strides: [2, 1], padding: 'same' })),
  'normalisation after a convolution': through(conv(), norm(), layers.reLU({ maxValue: 6 })),
  'two normalisations and a rescaling after a convolution': through(
    conv(),
    norm({ scale: false }),
    norm({ center: false }),
    layers.rescaling({ scale: -2, offset: 0.5 }),
    layers.reLU({}),
  ),
  'normalisation before a convolution without padding': through(norm(), conv({ activation: 'relu' })),
  'normalisation before a convolution with padding': through(norm(), conv({ padding: 'same' })),
  'a factor before a convolution with padding': through(layers.rescaling({ scale: 3 }), conv({ padding: 'same' })),
  'rescaling, padding and a convolution': through(
    layers.rescaling({ scale: 2, offset: -1 }),
    layers.zeroPadding2d({
      padding: [
        [1, 2],
        [0, 3],
      ],
    }),
    conv({ strides: 2 }),
    norm(),
  ),
  'padding, normalisation and a depthwise convolution': through(
    layers.zeroPadding2d({}),
    norm(),
    depthwise({ strides: 2 }),
    norm(),
    layers.reLU({ maxValue: 6 }),
  ),
  'padding at the end': through(conv(), layers.zeroPadding2d({ padding: 1 })),
  'normalisation alone, then relu': through(norm(), layers.activation({ activation: 'relu' })),
  'a depthwise convolution': through(depthwise({ padding: 'same', activation: 'relu6' })),
  'a depthwise convolution of stride 2 and 5x5': through(
    depthwise({ kernelSize: 5, strides: 2, padding: 'same' }),
    norm(),
  ),
  'a separable convolution': through(layers.separableConv2d({ filters: 4, kernelSize: 3, activation: 'relu' }), norm()),
  'a transposed convolution': through(
    layers.conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' }),
    norm(),
  ),
  'a transposed convolution without padding': through(
    layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2 }),
  ),
  'a convolution of sequences': through(
    layers.reshape({ targetShape: [42, 3] }),
    layers.conv1d({ filters: 4, kernelSize: 5, strides: 2, activation: 'relu' }),
    norm(),
    layers.maxPooling1d({ poolSize: 3, strides: 2 }),
    layers.averagePooling1d({ poolSize: 2, padding: 'same' }),
  ),
  'pooled sequences': through(layers.reshape({ targetShape: [6, 21] }), layers.globalAveragePooling1d()),
  'the largest of sequences': through(layers.reshape({ targetShape: [6, 21] }), layers.globalMaxPooling1d({})),
  'a dense layer on pixels': through(layers.dense({ units: 5, activation: 'relu' }), norm()),
  'normalisation before a dense layer': through(layers.flatten(), norm(), layers.dense({ units: 5 }), norm()),
  'max pooling of negative values': through(
    layers.rescaling({ scale: -1, offset: -1 }),
    layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
  ),
  'max pooling after relu': through(
    conv({ activation: 'relu' }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.reLU({}),
  ),
  'average pooling with padding': through(layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' })),
  'average pooling': through(conv(), layers.averagePooling2d({ poolSize: 2 }), layers.reLU({})),
  'global pooling': through(conv({ activation: 'relu' }), layers.globalAveragePooling2d({})),
  'the largest of each channel': through(conv(), layers.globalMaxPooling2d({})),
  cropping: through(
    layers.cropping2D({
      cropping: [
        [1, 2],
        [0, 1],
      ],
    }),
    layers.reLU({}),
  ),
  permutation: through(layers.permute({ dims: [3, 1, 2] }), conv({ padding: 'same' })),
  'nearest neighbours': through(layers.upSampling2d({ size: [2, 3] }), conv()),
  'bilinear sizes': through(layers.upSampling2d({ size: [2, 3], interpolation: 'bilinear' }), conv()),
  'leaky relu': through(conv(), layers.leakyReLU({ alpha: 0.2 })),
  'leaky relu that rises to both sides': through(conv(), layers.leakyReLU({ alpha: -0.2 })),
  prelu: through(conv(), layers.prelu({ alphaInitializer: 'randomUniform', sharedAxes: [1, 2] })),
  elu: through(conv(), layers.elu()),
  'relu up to 1': through(conv(), layers.reLU({ maxValue: 1 })),
  'thresholded relu': through(conv(), layers.thresholdedReLU({ theta: 0.4 })),
  softmax: through(conv(), layers.softmax({ axis: -1 })),
  'two activations': through(conv({ activation: 'relu' }), layers.activation({ activation: 'sigmoid' })),
  'a residual block': (x) => {
    const start = through(conv({ filters: 3, padding: 'same' }), norm(), layers.reLU({}))(x);
    const side = through(conv({ filters: 3, padding: 'same' }), norm())(start);
    return through(layers.reLU({}))(layers.add().apply([start, side, x]) as SymbolicTensor);
  },
  'a gate for each channel': (x) => {
    const start = conv({ activation: 'relu' }).apply(x) as SymbolicTensor;
    const gate = through(
      layers.globalAveragePooling2d({}),
      layers.dense({ units: 5, activation: 'hardSigmoid' }),
      layers.reshape({ targetShape: [1, 1, 5] }),
    )(start);
    return layers.multiply().apply([start, gate]) as SymbolicTensor;
  },
  branches: (x) => {
    const parts = [conv({ padding: 'same' }), depthwise({ padding: 'same' }), layers.reLU({})];
    const made = parts.map((layer) => layer.apply(x) as SymbolicTensor);
    return norm().apply(layers.concatenate().apply(made)) as SymbolicTensor;
  },
  'larger, smaller and average values': (x) => {
    const [a, b] = [conv({}), conv({})].map((layer) => layer.apply(x) as SymbolicTensor) as [
      SymbolicTensor,
      SymbolicTensor,
    ];
    const merged = [layers.maximum(), layers.minimum(), layers.average()].map((layer) => layer.apply([a, b]));
    return layers.concatenate({ axis: 1 }).apply(merged as SymbolicTensor[]) as SymbolicTensor;
  },
  'dropout and noise': through(layers.dropout({ rate: 0.5 }), layers.gaussianNoise({ stddev: 1 }), conv()),
  'a model inside': (x) => {
    const inner = sequential({ layers: [layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [7, 6, 3] }), norm()] });
    return inner.apply(x) as SymbolicTensor;
  },
  'a layer used twice': (x) => {
    const shared = layers.conv2d({ filters: 3, kernelSize: 3, padding: 'same', activation: 'relu' });
    return shared.apply(shared.apply(x) as SymbolicTensor) as SymbolicTensor;
  },
};

for (const activation of [
  'elu',
  'selu',
  'sigmoid',
  'hardSigmoid',
  'tanh',
  'softplus',
  'softsign',
  'swish',
  'mish',
  'gelu',
  'gelu_new',
  'softmax',
  'logSoftmax',
].filter(hasActivation))
  (BLOCKS as Record<string, Build>)[`activation ${activation}`] = through(conv({ activation }));

/** Weights drawn at random, with variances that are positive and statistics that are not those of the start. */
function seedAll(model: LayersModel, seed: number): LayersModel {
  const rng = createRng(seed);
  for (const weight of model.weights) {
    const variable = weight.read() as tf.Variable;
    const positive = /variance/.test(weight.name);
    const values = new Float32Array(variable.size).map(() => (positive ? 0.5 + rng.uniform() : 0.6 * rng.normal()));
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  }
  return model;
}

const INPUT = [7, 6, 3];

function netOf(build: Build, seed = 1, activation: 'linear' | 'softmax' = 'linear'): Classifier {
  const input = makeInput({ shape: INPUT });
  const built = build(input);
  const flat = built.shape.length > 2 ? (layers.flatten().apply(built) as SymbolicTensor) : built;
  const end = layers.dense({ units: 4, activation }).apply(flat) as SymbolicTensor;
  return classifier(seedAll(buildModel({ inputs: input, outputs: end }), seed), { bounds: [0, 1] });
}

function images(count: number, seed = 3): tf.Tensor {
  const rng = createRng(seed);
  return tf.tensor(
    new Float32Array(count * 126).map(() => rng.uniform()),
    [count, ...INPUT],
  );
}

const objective = (logits: tf.Tensor2D): tf.Tensor1D => tf.sum(tf.mul(tf.sin(logits), [1, 2, -1, 0.5]), 1);

async function apart(a: tf.Tensor, b: tf.Tensor): Promise<number> {
  expect(a.shape).toEqual(b.shape);
  const [first, second] = [await a.data(), await b.data()];
  const largest = Math.max(1e-30, ...Array.from(second, Math.abs));
  return Math.max(...Array.from(first, (value, i) => Math.abs(value - second[i]!))) / largest;
}

/** Expects the frozen pass and the model to agree in logits, in an objective and in its gradient. */
async function expectAgreement(net: Classifier, x: tf.Tensor): Promise<void> {
  expect(net.inference).toEqual({ pass: 'frozen' });
  await expectNoLeak(async () => {
    const [frozen, model] = [net, classifier(net, { frozen: false })].map((one) => {
      const pass = openInference('pgdLinf', one);
      const found = { logits: pass.logits(x), ...pass.valueAndGradient(objective, x) };
      pass.close();
      return found;
    }) as [Record<'logits' | 'value' | 'gradient', tf.Tensor>, Record<'logits' | 'value' | 'gradient', tf.Tensor>];
    expect(await apart(frozen.logits, model.logits)).toBeLessThan(1e-5);
    expect(await apart(frozen.value, model.value)).toBeLessThan(1e-4);
    expect(await apart(frozen.gradient, model.gradient)).toBeLessThan(1e-4);
    tf.dispose([frozen, model]);
  });
}

describe.each(['cpu', 'wasm'] as const)('a frozen network on %s is the model, gradients too', (backend) => {
  beforeAll(async () => {
    await tf.setBackend(backend);
    if (backend === 'wasm') await enableWasmTraining();
  });
  afterAll(async () => {
    if (backend === 'wasm') disableWasmTraining();
    await tf.setBackend('cpu');
  });

  it.each(Object.keys(BLOCKS))('with %s', async (name) => {
    const net = netOf(BLOCKS[name]!);
    const x = images(3);
    await expectAgreement(net, x);
    tf.dispose(x);
  });
});
