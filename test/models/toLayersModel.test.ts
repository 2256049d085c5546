import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { type Builder, builder, type Result } from '../../src/classifier/net/build';
import type { Network } from '../../src/classifier/net/types';
import { createRng } from '../../src/core/rng';
import { cedaStep, classifier } from '../../src/index';
import { simplify } from '../../src/models/graph/simplify';
import { lenet, toLayersModel } from '../../src/models/index';
import { buildModel } from '../../src/models/toLayersModel';
import { toPiecewiseAffine } from '../../src/regions/index';
import { asymptoticConfidence, minimalAlpha } from '../../src/theory/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { graphModelEndingIn, tinyGraphModel } from '../support/graphModel';
import { runNetwork } from '../support/runNetwork';
import { hasWildModel, loadWildGraphModel, wildModels } from '../support/wildModels';

const fn = 'toLayersModel';
const rng = createRng(7);
const numbers = (...shape: number[]) =>
  tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, rng.normal), shape);
const positive = (...shape: number[]) => tf.add(tf.abs(numbers(...shape)), 0.5);

type Part = (b: Builder, x: Result) => Result;
const affine = (b: Builder, x: Result, constants: object) =>
  b.add('line', { kind: 'affine', ...constants }, [x], x.shape);
const act = (b: Builder, x: Result, activation: object) =>
  b.add('act', { kind: 'activation', activation: activation as { name: 'relu' } }, [x], x.shape);
const conv = (b: Builder, x: Result, options: object = {}, size = [5, 4, 2]) =>
  b.add(
    'conv',
    {
      kind: 'conv2d',
      filter: numbers(3, 3, 2, size[2]!),
      bias: undefined,
      strides: [1, 1],
      pad: 'same',
      dilations: [1, 1],
      ...options,
    },
    [x],
    size,
  );
const depthwise = { kind: 'depthwiseConv2d', filter: numbers(3, 2, 2, 3) };
const pool = { kind: 'pool', size: [2, 2], strides: [1, 2], pad: 'same' } as const;

/** Operations on an image of 5 x 4 with two channels, by what they are about. */
const parts: Readonly<Record<string, Part>> = {
  'a convolution with bias and relu': (b, x) => act(b, conv(b, x, { bias: numbers(2) }), { name: 'relu' }),
  'a convolution with strides and explicit padding': (b, x) =>
    conv(
      b,
      x,
      {
        strides: [2, 1],
        pad: [
          [1, 0],
          [0, 2],
        ],
      },
      [2, 4, 2],
    ),
  'a dilated convolution': (b, x) => conv(b, x, { dilations: [2, 1], pad: 'valid' }, [1, 2, 2]),
  'a depthwise convolution': (b, x) => conv(b, x, { ...depthwise, bias: numbers(6) }, [5, 4, 6]),
  'a transposed convolution': (b, x) =>
    b.add(
      'up',
      { kind: 'conv2dTranspose', filter: numbers(3, 3, 4, 2), bias: numbers(4), strides: [2, 2], pad: 'same' },
      [x],
      [10, 8, 4],
    ),
  'a product': (b, x) =>
    act(b, b.add('fc', { kind: 'dense', kernel: numbers(3, 2), transposed: true, bias: numbers(3) }, [x], [5, 4, 3]), {
      name: 'elu',
    }),
  'a batch normalisation': (b, x) =>
    b.add(
      'bn',
      {
        kind: 'batchNorm',
        mean: numbers(2),
        variance: positive(2),
        scale: numbers(2),
        offset: undefined,
        epsilon: 1e-3,
      },
      [x],
      x.shape,
    ),
  'constants after a convolution': (b, x) =>
    affine(b, affine(b, conv(b, x, { bias: numbers(2) }), { factor: numbers(1, 1, 1, 2) }), {
      shift: numbers(2),
      offset: 0.5,
    }),
  'constants after a depthwise convolution': (b, x) =>
    affine(b, conv(b, x, depthwise, [5, 4, 6]), { divisor: positive(6), offset: numbers(6) }),
  'constants after a transposed convolution': (b, x) =>
    affine(
      b,
      b.add(
        'up',
        { kind: 'conv2dTranspose', filter: numbers(2, 2, 3, 2), bias: undefined, strides: [1, 1], pad: 'valid' },
        [x],
        [6, 5, 3],
      ),
      { factor: numbers(3), offset: numbers(1, 1, 3) },
    ),
  'constants after a product': (b, x) =>
    affine(
      b,
      b.add('fc', { kind: 'dense', kernel: numbers(2, 3), transposed: false, bias: undefined }, [x], [5, 4, 3]),
      { factor: numbers(3), offset: 2 },
    ),
  'numbers for all': (b, x) => affine(b, affine(b, x, { factor: 2 }), { shift: tf.scalar(0.3), divisor: 0.7 }),
  'numbers for each channel': (b, x) =>
    affine(b, affine(b, act(b, x, { name: 'relu' }), { factor: numbers(2) }), { offset: numbers(1, 2) }),
  'a convolution that two read': (b, x) => {
    const shared = conv(b, x);
    return b.add(
      'sum',
      { kind: 'combine', operation: 'add' },
      [shared, affine(b, shared, { factor: numbers(2) })],
      x.shape,
    );
  },
  ...Object.fromEntries(
    [
      ...[
        'relu',
        'relu6',
        'elu',
        'selu',
        'sigmoid',
        'tanh',
        'softplus',
        'swish',
        'softmax',
        'logSoftmax',
        'square',
      ].map((name) => ({ name })),
      { name: 'leakyRelu', alpha: 0.2 },
      { name: 'prelu', alpha: numbers(1, 1, 2) },
      { name: 'prelu', alpha: numbers(5, 4, 2) },
      { name: 'clip', low: -0.5, high: 0.4 },
      { name: 'clip', low: 0.2, high: Number.POSITIVE_INFINITY },
      { name: 'clip', low: Number.NEGATIVE_INFINITY, high: -0.1 },
      { name: 'thresholdedRelu', theta: 0.5 },
    ].map((activation, i) => [`${activation.name} (${i})`, ((b, x) => act(b, x, activation)) as Part]),
  ),
  'relu and a bound': (b, x) =>
    act(b, act(b, x, { name: 'relu' }), { name: 'clip', low: Number.NEGATIVE_INFINITY, high: 0.6 }),
  'the largest of windows': (b, x) => b.add('pool', { ...pool, operation: 'max' }, [x], [5, 2, 2]),
  'the average of windows': (b, x) => b.add('pool', { ...pool, operation: 'average' }, [x], [5, 2, 2]),
  ...Object.fromEntries(
    (['mean', 'max', 'sum'] as const).map((operation, i): [string, Part] => [
      `the ${operation} of all pixels`,
      (b, x) =>
        b.add('all', { kind: 'reduce', operation, axes: [0, 1], keepDims: i > 0 }, [x], i > 0 ? [1, 1, 2] : [2]),
    ]),
  ),
  padding: (b, x) =>
    b.add(
      'pad',
      {
        kind: 'pad',
        paddings: [
          [1, 2],
          [0, 1],
          [0, 0],
        ],
        fill: 0,
      },
      [x],
      [8, 5, 2],
    ),
  'another shape': (b, x) =>
    b.add('shape', { kind: 'reshape' }, [b.add('flat', { kind: 'reshape' }, [x], [40])], [4, 10]),
  'another order': (b, x) => b.add('order', { kind: 'transpose', order: [2, 0, 1] }, [x], [2, 5, 4]),
  'results side by side': (b, x) => b.add('cat', { kind: 'concat', axis: 1 }, [x, conv(b, x), x], [5, 12, 2]),
  ...Object.fromEntries(
    (['add', 'subtract', 'multiply', 'maximum', 'minimum'] as const).map((operation): [string, Part] => [
      `${operation} of results`,
      (b, x) =>
        b.add(
          'both',
          { kind: 'combine', operation },
          [x, conv(b, x), ...(operation === 'subtract' ? [x] : [])],
          x.shape,
        ),
    ]),
  ),
  'a channel weighed by another result': (b, x) => {
    const mean = b.add('mean', { kind: 'reduce', operation: 'mean', axes: [0, 1], keepDims: true }, [x], [1, 1, 2]);
    return b.add('weigh', { kind: 'combine', operation: 'multiply' }, [x, act(b, mean, { name: 'sigmoid' })], x.shape);
  },
  'a part of an image': (b, x) => b.add('cut', { kind: 'slice', begin: [1, 0, 0], strides: [1, 1, 1] }, [x], [3, 2, 2]),
  'repeated pixels': (b, x) =>
    b.add('big', { kind: 'resize', method: 'nearest', alignCorners: false, halfPixelCenters: true }, [x], [10, 4, 2]),
};

/** What no layer does. */
const impossible: Readonly<Record<string, Part>> = {
  'a quotient of results': (b, x) => b.add('bad', { kind: 'combine', operation: 'divide' }, [x, x], x.shape),
  'constants of pixels': (b, x) => b.add('bad', { kind: 'affine', offset: numbers(5, 4, 2) }, [x], x.shape),
  'a part of the channels': (b, x) =>
    b.add('bad', { kind: 'slice', begin: [0, 0, 1], strides: [1, 1, 1] }, [x], [5, 4, 1]),
  'the mean of channels': (b, x) =>
    b.add('bad', { kind: 'reduce', operation: 'mean', axes: [2], keepDims: false }, [x], [5, 4]),
  'the least of all pixels': (b, x) =>
    b.add('bad', { kind: 'reduce', operation: 'min', axes: [0, 1], keepDims: false }, [x], [2]),
  'mirrored padding': (b, x) =>
    b.add(
      'bad',
      {
        kind: 'pad',
        paddings: [
          [1, 1],
          [0, 0],
          [0, 0],
        ],
        fill: 'reflect',
      },
      [x],
      [7, 4, 2],
    ),
  'the error function': (b, x) => b.add('bad', { kind: 'activation', activation: { name: 'erf' } }, [x], x.shape),
  'aligned corners': (b, x) =>
    b.add('bad', { kind: 'resize', method: 'bilinear', alignCorners: true, halfPixelCenters: false }, [x], [10, 8, 2]),
  'a dilated depthwise convolution': (b, x) =>
    b.add(
      'bad',
      {
        kind: 'depthwiseConv2d',
        filter: numbers(2, 2, 2, 1),
        bias: undefined,
        strides: [1, 1],
        pad: 'same',
        dilations: [2, 2],
      },
      [x],
      x.shape,
    ),
};

function networkOf(part: Part): Network {
  const b = builder('image', [5, 4, 2]);
  return b.finish(part(b, b.input));
}

/** The largest difference of two results, in parts of the largest value or of 1. */
async function gap(a: tf.Tensor, b: tf.Tensor): Promise<number> {
  expect(a.shape).toEqual(b.shape);
  const [x, y] = [await a.data(), await b.data()];
  tf.dispose([a, b]);
  return Math.max(...Array.from(x, (value, i) => Math.abs(value - y[i]!))) / Math.max(1, ...Array.from(y, Math.abs));
}

const named = (name: string) => (hasWildModel(name) ? name : `${name} (SKIPPED: not in ${wildModels})`);

describe('a network as layers', () => {
  test.each(Object.entries(parts))('computes the same: %s', async (_, part) => {
    const network = networkOf(part);
    let made!: LayersModel;
    tf.tidy(() => {
      made = buildModel(simplify(network), ({ name }, why) => expect.fail(`${name}: ${why}`));
    });
    const x = numbers(3, 5, 4, 2);
    expect(await gap(made.predict(x) as tf.Tensor, runNetwork(network, x))).toBeLessThan(1e-5);
    made.dispose();
  });

  test.each(Object.entries(impossible))('is refused at what no layer computes: %s', (_, part) => {
    const told = () =>
      tf.tidy(() => void buildModel(simplify(networkOf(part)), ({ name }, why) => expect.fail(`${name}: ${why}`)));
    expect(told).toThrow(/^bad: \w+/);
  });

  const layersOf = (part: Part) => {
    let made!: LayersModel;
    tf.tidy(() => {
      made = buildModel(simplify(networkOf(part)), () => expect.fail('refused'));
    });
    return made.layers
      .slice(1)
      .map((layer) => `${layer.name} ${layer.getClassName()}${layer.trainable ? '' : ' frozen'}`);
  };

  test('has no layer of its own for constants after a convolution, a Rescaling for numbers, and frozen normalisation otherwise', () => {
    expect(layersOf(parts['constants after a convolution']!)).toEqual(['conv Conv2D']);
    expect(layersOf(parts['numbers for all']!)).toEqual(['line Rescaling']);
    expect(layersOf(parts['numbers for each channel']!)).toEqual(['act ReLU', 'line BatchNormalization frozen']);
    expect(layersOf(parts['a batch normalisation']!)).toEqual(['bn BatchNormalization']);
  });

  test('makes one activation of a relu and its bound, and tells layers of one node apart', () => {
    expect(layersOf(parts['relu and a bound']!)).toEqual(['act ReLU']);
    expect(layersOf(parts['results side by side']!)).toEqual(['conv Conv2D', 'cat Concatenate']);
    expect(layersOf((b, x) => act(b, act(b, x, { name: 'tanh' }), { name: 'tanh' }))).toEqual([
      'act Activation',
      'act_1 Activation',
    ]);
  });
});

describe('toLayersModel', () => {
  test.each([
    ['digits-cnn-graph', [28, 28, 1]],
    ['digits-mlp-graph', [28, 28]],
  ] as const)('%s: the same function, a step of training, and rays', async (name, shape) => {
    if (!hasWildModel(name)) return console.warn(named(name));
    const graph = await loadWildGraphModel(name);
    const model = toLayersModel(graph);
    const x = tf.randomUniform([4, ...shape], 0, 1, 'float32', 1);
    expect(await gap(model.predict(x) as tf.Tensor, graph.predict(x) as tf.Tensor)).toBeLessThan(1e-5);
    graph.dispose();
    const net = toPiecewiseAffine(model);
    const point = await tf.tidy(() => tf.slice(x, 0, 1)).data();
    const { confidence, from } = asymptoticConfidence(net, point);
    expect(confidence).toBeGreaterThan(0.99);
    expect(from).toBeGreaterThan(1);
    expect(minimalAlpha(net, point)).toBeGreaterThanOrEqual(1);
    const before = await (model.getWeights()[0] as tf.Tensor).data();
    const batch = { x, y: tf.tensor1d([1, 2, 3, 4], 'int32') };
    const noise = (images: tf.Tensor) => tf.randomUniform(images.shape, 0, 1, 'float32', 2);
    tf.dispose(cedaStep(classifier(model), tf.train.sgd(0.1), batch, { noise, seed: 1 }));
    expect(await (model.getWeights()[0] as tf.Tensor).data()).not.toEqual(before);
    model.dispose();
  });

  test('has weights of its own, leaves nothing behind, and can be saved and loaded', async () => {
    const graph = await tinyGraphModel({ softmax: true });
    const x = numbers(5, 2);
    const expected = graph.predict(x) as tf.Tensor;
    const before = tf.memory().numTensors;
    const model = toLayersModel(graph);
    expect(tf.memory().numTensors - before).toBe(model.weights.length);
    expect(model.layers.map(({ name }) => name)).toEqual(['x', 'hidden', 'logits', 'probabilities']);
    graph.dispose();
    let saved!: tf.io.ModelArtifacts;
    await model.save(
      tf.io.withSaveHandler(async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
      }),
    );
    const loaded = await loadLayersModel(tf.io.fromMemory(saved));
    expect(await gap(loaded.predict(x) as tf.Tensor, tf.clone(expected))).toBeLessThan(1e-6);
    expect(await gap(model.predict(x) as tf.Tensor, expected)).toBeLessThan(1e-6);
    tf.dispose(x);
    loaded.dispose();
    model.dispose();
  });

  test('keeps the output that is named of several, and asks for the name', async () => {
    const graph = await graphModelEndingIn(['Softmax'], { twoOutputs: true });
    await expectRefusal(() => toLayersModel(graph), { code: 'UNSUPPORTED_MODEL', fn, argument: 'model' });
    await expectRefusal(() => toLayersModel(graph, { output: 'none' }), {
      code: 'INVALID_OPTION',
      fn,
      argument: 'output',
    });
    const model = toLayersModel(graph, { output: 'hidden' });
    const x = numbers(2, 2);
    expect(await gap(model.predict(x) as tf.Tensor, graph.execute(x, 'relu') as tf.Tensor)).toBeLessThan(1e-6);
    tf.dispose(x);
    model.dispose();
    graph.dispose();
  });

  test('names the node that no layer computes, and keeps nothing', async () => {
    for (const op of ['Digamma', 'Erf']) {
      const graph = await graphModelEndingIn([op, 'Softmax']);
      const refused = () =>
        expectRefusal(() => toLayersModel(graph), { code: 'UNSUPPORTED_MODEL', fn, argument: 'model' });
      await refused();
      expect(() => toLayersModel(graph)).toThrow(new RegExp(`node "op0" \\(${op}\\)`));
      graph.dispose();
    }
  });

  test.each([
    ['a LayersModel', () => lenet({ inputShape: [4, 4, 1] })],
    ['a function', () => (x: tf.Tensor) => x],
    ['nothing', () => undefined],
  ])('refuses %s', async (_, make) => {
    const wrong = make() as never;
    await expectRefusal(() => toLayersModel(wrong), { code: 'INVALID_ARGUMENT', fn, argument: 'model' });
  });

  test('leaves no tensor where it refuses', async () => {
    const graph = await graphModelEndingIn(['Erf']);
    await expectNoLeak(() => expect(() => toLayersModel(graph)).toThrow());
    graph.dispose();
  });
});
