import * as tf from '@tensorflow/tfjs-core';
import { input, LayersModel, layers, model, type SymbolicTensor, sequential } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/rng';
import { certifiedMaxConfidence } from '../../src/guarantees/index';
import { goodGradients } from '../../src/index';
import { evaluate, toPiecewiseAffine } from '../../src/regions/index';
import { disableWasmTraining, enableWasmTraining } from '../../src/wasm';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { onBackend } from '../support/onBackend';
import { architectures, build, gap, predicted, randomWeights } from '../support/regionModels';

const refused = { code: 'UNSUPPORTED_MODEL', fn: 'toPiecewiseAffine', argument: 'model' } as const;

/** A layer that keeps its class, its name and its weights, but computes `change` of what it should. */
function lying<L extends tf.serialization.Serializable>(layer: L, change: (y: tf.Tensor) => tf.Tensor): L {
  const honest = layer as L & { call(x: tf.Tensor, options: object): tf.Tensor };
  const call = honest.call.bind(layer);
  honest.call = (x, options) => tf.tidy(() => change(call(x, options)));
  return layer;
}

/** A registered subclass of a layer, as libraries on top of tfjs make them. */
const Twice = class ReLU extends (layers.reLU().constructor as new (args: object) => ReturnType<typeof layers.reLU>) {
  static className = 'ReLU';
  override call(x: tf.Tensor | tf.Tensor[], options: object) {
    return tf.tidy(() => tf.mul(2, super.call(x, options) as tf.Tensor));
  }
};

const slightly = (y: tf.Tensor) => tf.mul(y, 1.001);
const image = { inputShape: [6, 6, 2] };
const liars = {
  'a subclass of ReLU': () => new Twice({ name: 'liar', ...image }),
  'a leak in a ReLU': () => lying(layers.reLU({ name: 'liar', ...image }), (y) => tf.sub(y, 0.001)),
  'a convolution': () => lying(layers.conv2d({ filters: 2, kernelSize: 3, name: 'liar', ...image }), slightly),
  'a depthwise convolution': () => lying(layers.depthwiseConv2d({ kernelSize: 3, name: 'liar', ...image }), slightly),
  'dropout that never stops': () =>
    lying(layers.dropout({ rate: 0.1, name: 'liar', ...image }), (y) => tf.dropout(y, 0.1)),
  'batch normalisation': () => lying(layers.batchNormalization({ name: 'liar', ...image }), (y) => tf.add(y, 1e-3)),
  pooling: () => lying(layers.averagePooling2d({ poolSize: 2, name: 'liar', ...image }), slightly),
  'a change of shape': () =>
    lying(layers.maxPooling2d({ poolSize: 2, name: 'liar', ...image }), (y) =>
      tf.slice(y, [0, 0, 0, 0], [-1, 2, 3, 2]),
    ),
  'a result that is no number': () => lying(layers.reLU({ name: 'liar', ...image }), (y) => tf.log(y)),
};

const around = (layer: Parameters<ReturnType<typeof sequential>['add']>[0], last = layers.dense({ units: 3 })) =>
  randomWeights(
    sequential({ layers: [layer, layers.flatten(), layers.dense({ units: 4, activation: 'relu' }), last] }),
    5,
  );

describe('what has been read of a model', () => {
  it.each(Object.entries(liars))('is compared with what the model computes: %s is found', async (_, make) => {
    const net = around(make());
    await expectRefusal(() => toPiecewiseAffine(net), refused);
    expect(() => toPiecewiseAffine(net)).toThrow(/layer "liar"/);
  });

  it.each([
    ['softmax', 3],
    ['linear', 3],
  ] as const)('is compared at the last layer too, where it ends in %s', (activation, units) => {
    const last = lying(layers.dense({ units, activation, name: 'liar' }), (y) => tf.mul(y, 0.999));
    expect(() => toPiecewiseAffine(around(layers.reLU(image), last))).toThrow(/layer "liar"/);
  });

  it('names the first of several layers that differ, also inside another model', () => {
    const inner = sequential({
      layers: [layers.reLU(image), lying(layers.conv2d({ filters: 2, kernelSize: 3, name: 'first' }), slightly)],
    });
    const net = around(inner, lying(layers.dense({ units: 3, name: 'second' }), slightly));
    expect(() => toPiecewiseAffine(net)).toThrow(/layer "first"/);
  });

  it('finds a layer whose lie is hidden by tiny weights behind it', () => {
    const net = around(lying(layers.reLU({ name: 'liar', ...image }), slightly));
    net.setWeights(net.getWeights().map((weight) => tf.mul(weight, 1e-12)));
    expect(() => toPiecewiseAffine(net)).toThrow(/layer "liar"/);
  });

  it('finds a lie in a channel that is a million times smaller than the others', () => {
    const conv = lying(layers.conv2d({ filters: 2, kernelSize: 3, name: 'liar', ...image }), (y) =>
      tf.mul(y, [1, 1.01]),
    );
    const net = around(conv);
    conv.setWeights([tf.mul(conv.getWeights()[0]!, [1, 1e-6]), tf.tensor1d([0, 0])]);
    expect(() => toPiecewiseAffine(net)).toThrow(/layer "liar"/);
  });

  it('is compared with the whole model, which may do more than its layers', async () => {
    class Shifted extends LayersModel {
      override call(x: tf.Tensor | tf.Tensor[], options: object) {
        return tf.tidy(() => tf.add(super.call(x, options) as tf.Tensor, 1));
      }
    }
    const x = input({ shape: [2], name: 'x' });
    const net = new Shifted({
      inputs: x,
      outputs: layers.dense({ units: 2 }).apply(x) as SymbolicTensor,
      name: 'more',
    });
    await expectRefusal(() => toPiecewiseAffine(net), refused);
    expect(() => toPiecewiseAffine(net)).toThrow(/"more"/);
  });

  it('refuses a layer that tfjs cannot run, and names it', () => {
    const conv = layers.conv2d({ filters: 1, kernelSize: 2, padding: 'causal', name: 'causal', ...image });
    expect(() => toPiecewiseAffine(around(conv))).toThrow(/layer "causal".*not implemented/s);
  });

  it.each(['cpu', 'wasm', 'wasm with our kernels'] as const)(
    'passes for honest models with weights of any size: %s',
    async (name) => {
      await onBackend(name === 'cpu' ? 'cpu' : 'wasm', async () => {
        if (name === 'wasm with our kernels') await enableWasmTraining();
        fc.assert(
          fc.property(
            architectures,
            fc.constantFrom(1e-30, 1e-12, 1e-3, 1, 1e3, 1e9, 1e19),
            fc.boolean(),
            (a, scale, sparse) => {
              const net = build(a);
              const rng = createRng(a.seed);
              tf.tidy(() =>
                net.setWeights(
                  net.getWeights().map((w) => {
                    const kept = Float32Array.from({ length: w.size }, () =>
                      sparse && rng.uniform() < 0.9 ? 0 : scale,
                    );
                    return w.shape.length > 1 ? tf.mul(w, tf.tensor(kept, w.shape)) : w;
                  }),
                ),
              );
              expect(toPiecewiseAffine(net).classes).toBe(3);
              net.dispose();
            },
          ),
          { numRuns: 60, seed: 2 },
        );
        if (name === 'wasm with our kernels') disableWasmTraining();
      });
    },
  );

  it('keeps no tensor', async () => {
    const net = build({
      image: [4, 4, 1],
      steps: ['conv', 'nested'],
      ending: 'flatten',
      hidden: [3],
      softmax: true,
      seed: 1,
    });
    await expectNoLeak(() => toPiecewiseAffine(net));
    net.dispose();
  });
});

describe('DepthwiseConv2D', () => {
  /** The network of a wrong certificate: tfjs-layers takes a dilation rate and does not apply it. */
  function dilated() {
    const net = sequential({
      layers: [
        layers.depthwiseConv2d({
          kernelSize: 3,
          dilationRate: 2,
          padding: 'same',
          useBias: false,
          inputShape: [5, 5, 1],
        }),
        layers.globalAveragePooling2d({}),
        layers.dense({ units: 2, useBias: false }),
      ],
    });
    const kernel = new Float32Array(9);
    kernel[5] = 9;
    tf.tidy(() => net.setWeights([tf.tensor4d(kernel, [3, 3, 1, 1]), tf.tensor2d([[3, -3]])]));
    const x = Float32Array.from({ length: 25 }, (_, i) => (i % 5 === 1 ? 1 : 0));
    return { net, x };
  }

  it('is read as tfjs-layers computes it, without its dilation rate', async () => {
    const { net, x } = dilated();
    expect(gap(evaluate(toPiecewiseAffine(net), x), await predicted(net, x))).toBeLessThan(1e-6);
    const [certified] = certifiedMaxConfidence(toPiecewiseAffine(net), [x], 0);
    const [z0, z1] = await predicted(net, x);
    const confidence = 1 / (1 + Math.exp(-Math.abs(z0! - z1!)));
    expect(confidence).toBeGreaterThan(0.9999);
    expect(certified).toBeGreaterThan(confidence - 1e-9);
  });

  it.each(['valid', 'causal'] as const)('and %s padding pads nothing', async (padding) => {
    const conv = layers.depthwiseConv2d({ kernelSize: 3, dilationRate: [2, 3], padding, ...image });
    const pool = layers.maxPooling2d({ poolSize: 2, strides: 1, padding });
    const net = randomWeights(sequential({ layers: [conv, pool, layers.flatten()] }), 1);
    const x = Float32Array.from({ length: 72 }, (_, i) => Math.sin(i));
    expect(gap(evaluate(toPiecewiseAffine(net), x), await predicted(net, x))).toBeLessThan(1e-6);
  });
});

describe('an empty result', () => {
  const empty = (layer: { apply(x: SymbolicTensor): unknown }) => {
    const x = input({ shape: [4, 4, 1] });
    const flat = layers.globalMaxPooling2d({}).apply(layer.apply(x) as SymbolicTensor) as SymbolicTensor;
    return model({ inputs: x, outputs: flat });
  };
  it.each([
    ['dilated convolution', layers.conv2d({ filters: 2, kernelSize: 3, dilationRate: 2, name: 'wide' })],
    [
      'dilated convolution by one pixel',
      layers.conv2d({ filters: 2, kernelSize: [1, 2], dilationRate: [1, 4], name: 'wide' }),
    ],
    ['separable convolution', layers.separableConv2d({ filters: 2, kernelSize: 3, dilationRate: 3, name: 'wide' })],
    ['pooling', layers.maxPooling2d({ poolSize: 5, strides: 1, name: 'wide' })],
  ])('of a %s larger than its input is refused', async (_, layer) => {
    const net = empty(layer);
    await expectRefusal(() => toPiecewiseAffine(net), refused);
    expect(() => toPiecewiseAffine(net)).toThrow(/layer "wide".*empty/s);
  });
});

describe('goodGradients', () => {
  const batch = () => ({ x: tf.ones([2, 6, 6, 2]), y: tf.tensor1d([0, 1], 'int32') });

  it.each(Object.entries(liars).filter(([name]) => /conv|batch/.test(name)))(
    'refuses a model whose layer computes something else: %s',
    async (_, make) => {
      const net = around(make());
      const data = batch();
      await expectRefusal(() => goodGradients(net, data, { epsilon: 0.1, seed: 1 }), {
        code: 'UNSUPPORTED_MODEL',
        fn: 'goodGradients',
        argument: 'model',
      });
      tf.dispose(data);
    },
  );
});
