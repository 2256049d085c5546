import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../src/models';
import { expectNoLeak } from '../support/expectNoLeak';
import { onBackend } from '../support/onBackend';
import { fillTopology, seededWeights, wildCases, wildModels, wildNames } from '../support/wildModels';
import { writeZip } from '../support/writeZip';
import { computeKeras } from './kerasReading';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'load-model-'));
});
afterAll(() => rm(root, { recursive: true }));

type Weights = ReadonlyMap<string, tf.Tensor>;

/** The model as it lies in a folder, without this library. */
async function artifactsOf(folder: string): Promise<tf.io.ModelArtifacts> {
  const json = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8'));
  const groups: { paths: string[]; weights: tf.io.WeightsManifestEntry[] }[] = json.weightsManifest;
  const parts = await Promise.all(groups.flatMap(({ paths }) => paths).map((name) => readFile(join(folder, name))));
  const weightData = new Uint8Array(Buffer.concat(parts)).buffer;
  return { ...json, weightSpecs: groups.flatMap(({ weights }) => weights), weightData };
}

/** Frees a model; its own `dispose` leaves models within it. */
function free(model: Awaited<ReturnType<typeof loadModel>>['model']): void {
  if ('layers' in model) tf.dispose(model.weights.map((weight) => weight.read()));
  else model.dispose();
}

/** The largest difference of two outputs on seeded inputs. */
async function difference(
  shape: readonly (number | null)[],
  a: (x: tf.Tensor) => tf.Tensor,
  b: (x: tf.Tensor) => tf.Tensor,
): Promise<number> {
  const largest = tf.tidy(() => {
    const x = tf.randomUniform(
      shape.map((size, i) => (i === 0 ? 2 : size!)),
      -1,
      1,
      'float32',
      5,
    );
    return tf.max(tf.abs(tf.sub(a(x), b(x))));
  });
  const [value] = await largest.data();
  largest.dispose();
  return value!;
}

describe('loadModel of models of the web (RELU_WILD)', () => {
  it.skipIf(wildNames.length === 0).each(wildCases)(
    'computes what plain tfjs or the JSON of Keras 3 says: %s',
    async (name) => {
      const bare = name.startsWith('topology-');
      const folder = bare ? await fillTopology(name, join(root, name)) : join(wildModels, name);
      await onBackend('wasm', () =>
        expectNoLeak(async () => {
          const { model, kind } = await loadModel(folder);
          const run = (x: tf.Tensor) => model.predict(x, {}) as tf.Tensor;
          const shape = model.inputs[0]!.shape!;
          const artifacts = await artifactsOf(folder);
          const load = async () => artifacts;
          const keras3 = name.startsWith('topology-keras3');
          if (keras3) {
            const weights: Weights = new Map(
              Object.entries(tf.io.decodeWeights(artifacts.weightData as ArrayBuffer, artifacts.weightSpecs!)),
            );
            const config = Object(Reflect.get(Object(artifacts.modelTopology), 'model_config'));
            expect(await difference(shape, run, (x) => computeKeras(config, weights, x))).toBeLessThan(1e-5);
            tf.dispose([...weights.values()]);
          } else {
            const plain = kind === 'graph' ? await loadGraphModel({ load }) : await loadLayersModel({ load });
            expect(await difference(shape, run, (x) => plain.predict(x, {}) as tf.Tensor)).toBeLessThan(1e-5);
            free(plain);
          }
          free(model);
        }),
      );
    },
  );

  it.skipIf(!wildNames.includes('teachable-machine-12'))(
    'reads labels and bounds that Teachable Machine has written',
    async () => {
      const { model, labels, bounds, from, notes } = await loadModel(
        join(wildModels, 'teachable-machine-12/model.json'),
      );
      expect(labels).toHaveLength(12);
      expect([labels![3], bounds]).toEqual(['cardboard', [-1, 1]]);
      expect(from).toEqual({ labels: 'metadata.json', bounds: expect.stringContaining('Teachable Machine') });
      expect(notes).toEqual([]);
      free(model);
    },
  );
});

/** A layer of Keras 3 with everything that it writes around a layer. */
const layer = (class_name: string, name: string, config: object, ...uses: unknown[]) => ({
  class_name,
  name,
  module: 'keras.layers',
  registered_name: null,
  build_config: { input_shape: null },
  config: {
    name,
    trainable: true,
    dtype: { module: 'keras', class_name: 'DTypePolicy', config: { name: 'float32' }, registered_name: null },
    ...config,
  },
  inbound_nodes: uses.map((args): object => ({ args: [args].flat(1), kwargs: { mask: null } })),
});
const from = (name: string, node = 0) => ({
  class_name: '__keras_tensor__',
  config: { shape: [null, 6, 6, 3], dtype: 'float32', keras_history: [name, node, 0] },
});
const inputOf = (name: string, ...shape: number[]) =>
  layer('InputLayer', name, { batch_shape: [null, ...shape], sparse: false, ragged: false });
const initializer = {
  module: 'keras.initializers',
  class_name: 'LecunNormal',
  config: { seed: 3 },
  registered_name: null,
};
const conv = (name: string, filters: number, more: object, ...uses: unknown[]) =>
  layer(
    'Conv2D',
    name,
    {
      ...{
        filters,
        kernel_size: [3, 3],
        strides: [1, 1],
        padding: 'same',
        dilation_rate: [1, 1],
        groups: 1,
        use_bias: true,
      },
      ...{ data_format: 'channels_last', activation: 'linear', kernel_initializer: initializer },
      kernel_regularizer: {
        module: 'keras.regularizers',
        class_name: 'L2',
        config: { l2: 0.01 },
        registered_name: null,
      },
      ...more,
    },
    ...uses,
  );

/** Two models of the same inner names within a model, arithmetic before them, and a layer that is used twice. */
function nestedTopology() {
  const trunk = (name: string) => ({
    ...layer('Functional', name, {}),
    config: {
      name,
      trainable: false,
      layers: [
        inputOf('in', 6, 6, 3),
        conv('conv', 3, { activation: { module: 'builtins', class_name: 'function', config: 'silu' } }, from('in')),
        layer('LeakyReLU', 'leaky', { negative_slope: 0.2 }, from('conv')),
      ],
      input_layers: ['in', 0, 0],
      output_layers: ['leaky', 0, 0],
    },
  });
  const node = (...args: unknown[]) => [{ args, kwargs: { training: false } }];
  const depthwise = { depth_multiplier: 1, kernel_size: [3, 3], strides: [1, 1], padding: 'same', use_bias: true };
  return {
    class_name: 'Functional',
    config: {
      name: 'whole',
      layers: [
        inputOf('x', 6, 6, 3),
        layer('RandomFlip', 'flip', { mode: 'horizontal', seed: 1 }, from('x')),
        { ...layer('TrueDivide', 'half', {}), inbound_nodes: node(from('flip'), 127.5) },
        { ...layer('Subtract', 'minus', {}), inbound_nodes: node(from('half'), 1) },
        { ...trunk('left'), inbound_nodes: node(from('minus')) },
        { ...trunk('right'), inbound_nodes: [...node(from('minus')), ...node(from('left'))] },
        { ...layer('Add', 'sum', {}), inbound_nodes: node([from('right', 0), from('right', 1)]) },
        layer('DepthwiseConv2D', 'depth', { ...depthwise, activation: 'relu' }, from('sum')),
        layer('Rescaling', 'scaled', { scale: 0.5, offset: 0.1 }, from('depth')),
        layer('GlobalAveragePooling2D', 'pool', { keepdims: false, data_format: 'channels_last' }, from('scaled')),
        layer('Dense', 'out', { units: 2, activation: 'softmax', use_bias: true }, from('pool')),
      ],
      input_layers: [['x', 0, 0]],
      output_layers: [['out', 0, 0]],
    },
  };
}

/** Weights as Keras 3 names them: some with the model before the layer, in an order of its own. */
const nestedSpecs: tf.io.WeightsManifestEntry[] = (
  [
    ['whole/out/kernel', [3, 2]],
    ['whole/out/bias', [2]],
    ['right/conv/kernel', [3, 3, 3, 3]],
    ['left/conv/kernel', [3, 3, 3, 3]],
    ['left/conv/bias', [3]],
    ['right/conv/bias', [3]],
    ['depth/kernel', [3, 3, 3, 1]],
    ['depth/bias', [3]],
    ['flip/seed_generator/seed_generator_state', [1]],
  ] as const
).map(([name, shape]) => ({ name, shape: [...shape], dtype: 'float32' }));

describe('loadModel of what Keras 3 writes', () => {
  const weights = seededWeights(nestedSpecs, 3);
  const json = (topology: unknown, specs = nestedSpecs) =>
    JSON.stringify({
      format: 'layers-model',
      modelTopology: { keras_version: '3.8.0', model_config: topology },
      weightsManifest: [{ paths: ['weights.bin'], weights: specs }],
    });
  const zipped = (topology: unknown, specs = nestedSpecs) =>
    writeZip([
      { name: 'model.json', content: Buffer.from(json(topology, specs)) },
      { name: 'weights.bin', content: weights },
    ]);

  it('finds nested models, a layer used twice, arithmetic, and weights of one name by the models around them', () =>
    expectNoLeak(async () => {
      const { model, notes } = await loadModel(zipped(nestedTopology()));
      expect(notes).toEqual(['RandomFlip, which changes inputs in training alone, was left out']);
      const named: Weights = new Map(
        Object.entries(tf.io.decodeWeights(weights.slice().buffer as ArrayBuffer, nestedSpecs)),
      );
      const config = nestedTopology();
      const run = (x: tf.Tensor) => model.predict(x, {}) as tf.Tensor;
      expect(await difference([null, 6, 6, 3], run, (x) => computeKeras(config, named, x))).toBeLessThan(1e-6);
      tf.dispose([...named.values()]);
      free(model);
    }));

  it('gives a model that is saved and loaded again by plain tfjs', async () => {
    const { model } = await loadModel(zipped(nestedTopology()));
    let saved: tf.io.ModelArtifacts | undefined;
    await (model as LayersModel).save(
      tf.io.withSaveHandler(async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
      }),
    );
    // Both trunks have a weight of one name, which plain tfjs cannot tell apart.
    await expect(loadLayersModel({ load: async () => saved! })).rejects.toThrow('Duplicate weight name');
    free(model);
  });

  it('reads a Normalization, whose mean and variance are weights or settings, as a layer or as Rescaling', async () => {
    const normalization = (config: object, specs: tf.io.WeightsManifestEntry[], numbers: number[]) =>
      writeZip([
        {
          name: 'model.json',
          content: Buffer.from(
            json(
              {
                class_name: 'Sequential',
                config: {
                  name: 's',
                  layers: [inputOf('x', 3), layer('Normalization', 'norm', { axis: [-1], invert: false, ...config })],
                },
              },
              specs,
            ),
          ),
        },
        { name: 'weights.bin', content: new Uint8Array(Float32Array.from(numbers).buffer) },
      ]);
    const specs = ['mean', 'variance', 'count'].map(
      (name): tf.io.WeightsManifestEntry => ({
        name: `norm/${name}`,
        shape: name === 'count' ? [] : [3],
        dtype: name === 'count' ? 'int32' : 'float32',
      }),
    );
    for (const [source, want] of [
      [normalization({}, specs, [1, 2, 3, 4, 0, 0.25, 0]), [1.5, 3e7, 4]],
      [normalization({ axis: null, mean: 1, variance: 4 }, [], []), [1.5, 2, 2]],
    ] as const) {
      const { model } = await loadModel(source);
      const y = tf.tidy(() => model.predict(tf.tensor2d([[4, 5, 5]]), {}) as tf.Tensor);
      for (const [i, value] of (await y.data()).entries()) expect(value / want[i]!).toBeCloseTo(1, 6);
      y.dispose();
      free(model);
    }
    await expect(loadModel(normalization({ axis: [1, 2] }, specs, [1, 2, 3, 4, 0, 0.25, 0]))).rejects.toThrow(
      'normalises otherwise',
    );
  });

  const changed = (name: string, change: (one: { readonly config: object }) => object) => {
    const topology = nestedTopology();
    const layers: object[] = topology.config.layers.map((one) => (one.name === name ? change(one) : one));
    return { ...topology, config: { ...topology.config, layers } };
  };
  const configured = (name: string, config: object) =>
    changed(name, (one) => ({ ...one, config: { ...one.config, ...config } }));
  it.each([
    ['groups of channels', configured('depth', { groups: 3 }), /"depth" with 3 groups/],
    [
      'a dilated depthwise convolution, which tfjs does not dilate',
      configured('depth', { dilation_rate: [2, 2] }),
      /dilation/,
    ],
    ['pooling that keeps its axes', configured('pool', { keepdims: true }), /keepdims/],
    [
      'its hard_sigmoid, which is another one',
      configured('depth', { activation: 'hard_sigmoid' }),
      /hard_sigmoid of Keras 3/,
    ],
    [
      'a layer that tfjs does not have',
      changed('scaled', (one) => ({ ...one, class_name: 'GroupNormalization' })),
      /GroupNormalization/,
    ],
    ['an activation that tfjs does not have', configured('depth', { activation: 'glu' }), /glu/],
    [
      'a mask',
      changed('scaled', (one) => ({
        ...one,
        inbound_nodes: [{ args: [from('depth')], kwargs: { mask: from('sum') } }],
      })),
      /given mask/,
    ],
  ])('refuses %s, and leaves nothing behind', async (_, topology, message) => {
    const before = tf.memory().numTensors;
    await expect(loadModel(zipped(topology))).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });

  const without = (name: string) =>
    nestedSpecs.map((spec) => (spec.name === name ? { ...spec, name: 'other/weight' } : spec));
  it.each([
    ['a weight is missing', without('depth/bias'), /"depth\/bias" too, but got a file without/],
    [
      'a weight has another shape',
      nestedSpecs.map((spec) => (spec.name === 'whole/out/kernel' ? { ...spec, shape: [2, 3] } : spec)),
      /shape \[3, 2\].*one of \[2, 3\]/,
    ],
    ['a weight belongs to no layer', without('flip/seed_generator/seed_generator_state'), /of others: "other\/weight"/],
  ])('says so if %s, and leaves nothing behind', async (_, specs, message) => {
    const before = tf.memory().numTensors;
    await expect(loadModel(zipped(nestedTopology(), specs))).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});
