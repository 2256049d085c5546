import { existsSync, readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import {
  model as buildModel,
  input,
  type LayersModel,
  layers,
  loadLayersModel,
  type SymbolicTensor,
  sequential,
} from '@tensorflow/tfjs-layers';
import { describe, expect, it, test } from 'vitest';
import { layersModelOf } from '../../src/classifier/layersModelOf';
import {
  type Classifier,
  type ClassifierOptions,
  classifier,
  confidences,
  logOdds,
  type ModelLike,
  type OverconfidenceError,
  pgdLinf,
  predictions,
} from '../../src/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { graphModelEndingIn } from '../support/graphModel';
import { onBackend } from '../support/onBackend';
import { seedWeights, tinyMlp } from '../support/smallModels';

await tf.setBackend('cpu');

const fn = 'classifier';
const x = tf.keep(tf.tensor2d([0.1, 0.9, 0.4, 0.2, 0.7, 0.3], [3, 2]));
const net = classifier(tinyMlp());
const wrapper: Classifier = {
  inputShape: [2],
  classes: 3,
  bounds: [0, 1],
  logits: (at) => net.logits(at),
  variables: [],
  decayed: [],
  state: [],
};

describe('options that the model contradicts, or that nobody reads, are refused', () => {
  const cases: readonly [string, () => Promise<ModelLike> | ModelLike, ClassifierOptions, string][] = [
    ['classes of a LayersModel', () => tinyMlp(), { classes: 8 }, 'classes'],
    ['classes of a GraphModel', () => graphModelEndingIn([]), { classes: 2 }, 'classes'],
    ['classes of a Classifier', () => net, { classes: 2 }, 'classes'],
    ['inputShape of a LayersModel', () => tinyMlp(), { inputShape: [3] }, 'inputShape'],
    ['inputShape of another rank', () => tinyMlp(), { inputShape: [2, 1] }, 'inputShape'],
    ['inputShape of a GraphModel', () => graphModelEndingIn([]), { inputShape: [3] }, 'inputShape'],
    ['inputShape of a Classifier', () => net, { inputShape: [3] }, 'inputShape'],
    ['inputShape that is no array', () => tinyMlp(), { inputShape: 2 as never }, 'inputShape'],
    ['outputs of a Classifier', () => net, { outputs: 'probabilities' }, 'outputs'],
    ['output of a Classifier', () => net, { output: 'a' }, 'output'],
    ['output of a function', () => (z) => z as tf.Tensor2D, { inputShape: [2], output: 'a' }, 'output'],
    ['output that a LayersModel does not have', () => tinyMlp(), { output: 'a' }, 'output'],
    ['output that is no name', () => tinyMlp(), { output: 1 as never }, 'output'],
    ['variables of a LayersModel', () => tinyMlp(), { variables: [tf.variable(tf.scalar(1))] }, 'variables'],
    ['variables of a Classifier', () => net, { variables: [] }, 'variables'],
    ['too few labels', () => tinyMlp(), { labels: ['a', 'b'] }, 'labels'],
    ['too few labels of a Classifier', () => net, { labels: ['a', 'b'] }, 'labels'],
    ['labels that are no names', () => tinyMlp(), { labels: [1, 2, 3] as never }, 'labels'],
    ['an unknown key', () => tinyMlp(), { bound: [0, 1] } as never, 'options'],
    ['an unknown key with a Classifier', () => net, { bound: [0, 1] } as never, 'options'],
    ['an unknown word for outputs', () => tinyMlp(), { outputs: 'softmax' as never }, 'outputs'],
  ];
  test.each(cases)('%s', async (_, make, options, argument) => {
    const model = await make();
    await expectRefusal(() => classifier(model, options), { code: 'INVALID_OPTION', fn, argument });
  });

  it('what repeats the model is no contradiction', async () => {
    const same = { classes: 3, inputShape: [2] };
    for (const model of [tinyMlp(), await graphModelEndingIn([]), net])
      expect(classifier(model, same)).toMatchObject({ classes: 3, inputShape: [2] });
    const model = tinyMlp();
    expect(classifier(model, { output: model.layers.at(-1)!.name }).classes).toBe(3);
  });

  it.each(Object.entries({ confidences, logOdds, predictions }))('%s refuses an unknown key', async (name, read) => {
    await expectRefusal(() => read(net, x, { batch: 3 } as never), {
      code: 'INVALID_OPTION',
      fn: name,
      argument: 'options',
    });
  });

  it('a shape that the model leaves open in part is taken, and must fit the rest', async () => {
    const open = sequential({
      layers: [
        layers.conv2d({ inputShape: [null, null, 1], filters: 2, kernelSize: 2 }),
        layers.globalAveragePooling2d({}),
      ],
    });
    expect(classifier(open, { inputShape: [5, 4, 1], outputs: 'logits' }).inputShape).toEqual([5, 4, 1]);
    await expectRefusal(() => classifier(open, { inputShape: [5, 4, 3] }), {
      code: 'INVALID_OPTION',
      fn,
      argument: 'inputShape',
    });
    await expectRefusal(() => classifier(open), { code: 'INVALID_ARGUMENT', fn, argument: 'inputShape' });
  });
});

describe('a classifier of a classifier', () => {
  it('is itself where nothing new is said, and has the new bounds and labels where they are', async () => {
    expect(classifier(net)).toBe(net);
    expect(classifier(net, { outputs: 'auto' })).toBe(net);
    const wide = classifier(net, { bounds: [-1, 2], labels: ['a', 'b', 'c'] });
    expect(wide).toMatchObject({
      bounds: [-1, 2],
      labels: ['a', 'b', 'c'],
      head: 'softmax',
      classes: 3,
      inputShape: [2],
    });
    expect(wide.layersModel).toBe(net.layersModel);
    expect(net.bounds).toEqual([0, 1]);
    expect(net.labels).toBeUndefined();
    expect(await confidences(wide, x)).toEqual(await confidences(net, x));
    expect(classifier(wide, { bounds: [0, 3] }).labels).toEqual(['a', 'b', 'c']);
    for (const key of ['variables', 'decayed', 'state'] as const) expect(wide[key]).toEqual(net[key]);
  });

  it('goes on following what is trainable', () => {
    const model = tinyMlp();
    const wide = classifier(classifier(model), { bounds: [-1, 1] });
    expect(wide.variables).toHaveLength(4);
    model.layers[0]!.trainable = false;
    expect(wide.variables).toHaveLength(2);
    expect(wide.decayed).toHaveLength(2);
    expect(wide.state).toHaveLength(4);
  });

  it('keeps a head of sigmoids, and works for wrappers', () => {
    const tags = classifier(tinyMlp(), { outputs: 'sigmoids' });
    expect(classifier(tags, { bounds: [0, 2] }).head).toBe('sigmoids');
    const wrapped = classifier(wrapper, { bounds: [-3, 3] });
    expect(wrapped.bounds).toEqual([-3, 3]);
    expect('layersModel' in wrapped || 'head' in wrapped).toBe(false);
  });
});

describe('a model with several outputs', () => {
  const image = input({ shape: [2] });
  const hidden = layers.dense({ units: 5, activation: 'relu', name: 'features' }).apply(image) as SymbolicTensor;
  const heads = {
    boxes: layers.dense({ units: 4, name: 'boxes' }).apply(hidden) as SymbolicTensor,
    classes: layers.dense({ units: 3, activation: 'softmax', name: 'classes' }).apply(hidden) as SymbolicTensor,
    alive: layers.dense({ units: 1, activation: 'sigmoid', name: 'alive' }).apply(hidden) as SymbolicTensor,
  };
  const model = seedWeights(buildModel({ inputs: image, outputs: Object.values(heads) }), 2);

  it('is refused with the list of their names', async () => {
    await expectRefusal(() => classifier(model), { code: 'UNSUPPORTED_MODEL', fn, argument: 'model' });
    expect(() => classifier(model)).toThrow(/3 outputs: 'boxes', 'classes', 'alive'/);
    await expectRefusal(() => classifier(model, { output: 'class' }), {
      code: 'INVALID_OPTION',
      fn,
      argument: 'output',
    });
    expect(() => classifier(model, { output: 'class' })).toThrow(/'boxes', 'classes', 'alive'/);
  });

  it.each([
    ['boxes', 4],
    ['classes', 3],
    ['alive', 2],
  ] as const)('is a classifier of the output %s', async (output, classes) => {
    const one = await expectNoLeak(() => classifier(model, { output }));
    expect(one.classes).toBe(classes);
    expect(one.variables).toHaveLength(4);
    expect(one.layersModel!.outputs).toEqual([heads[output]]);
    const all = tf.tidy(() => model.predict(x) as tf.Tensor[]);
    const expected = (await all[Object.keys(heads).indexOf(output)]!.array()) as number[][];
    const found = await confidences(one, x);
    expected.forEach((row, i) => {
      const top = Math.max(...row);
      const sum = row.reduce((total, z) => total + Math.exp(z - top), 0);
      const truth = { boxes: 1 / sum, classes: top, alive: Math.max(row[0]!, 1 - row[0]!) }[output];
      expect(found[i]).toBeCloseTo(truth, 5);
    });
    tf.dispose(all);
  });

  it('of a GraphModel too', async () => {
    const graph = await graphModelEndingIn(['Softmax'], { twoOutputs: true });
    expect(() => classifier(graph)).toThrow(/2 outputs: 'probabilities', 'hidden'/);
    const one = classifier(graph, { output: 'probabilities' });
    expect(await confidences(one, x)).toEqual(await confidences(await graphModelEndingIn(['Softmax']), x));
    expect(classifier(graph, { output: 'hidden' }).classes).toBe(4);
    await expectRefusal(() => classifier(graph, { output: 'other' }), {
      code: 'INVALID_OPTION',
      fn,
      argument: 'output',
    });
  });

  it('and one with several inputs is refused with their names', () => {
    const other = input({ shape: [2], name: 'other' });
    const sum = layers.add().apply([image, other]) as SymbolicTensor;
    expect(() => classifier(buildModel({ inputs: [image, other], outputs: sum }))).toThrow(/2 inputs: .*'other'/);
  });
});

async function expectOneTensor(make: () => tf.Tensor): Promise<tf.Tensor> {
  const before = tf.memory().numTensors;
  const made = make();
  expect(tf.memory().numTensors).toBe(before + 1);
  return made;
}

describe('a GraphModel that was exported for a fixed batch size', () => {
  it.each([1, 2, 4])('of %i gives what one without gives, and its gradients', async (batch) => {
    const [fixed, free] = [classifier(await graphModelEndingIn(['Softmax'], { batch })), await graphModelEndingIn([])];
    const [ours, theirs] = [await expectOneTensor(() => fixed.logits(x)), free.predict(x) as tf.Tensor];
    expect(await ours.data()).toEqual(await theirs.data());
    tf.dispose([ours, theirs]);
    const slope = (of: (at: tf.Tensor) => tf.Tensor) => tf.tidy(() => tf.grad((at: tf.Tensor) => tf.sum(of(at)))(x));
    const [a, b] = [slope((at) => fixed.logits(at)), slope((at) => free.predict(at) as tf.Tensor)];
    expect(await a.data()).toEqual(await b.data());
    tf.dispose([a, b]);
  });
});

describe('errors of tfjs come out as errors of this library', () => {
  const calls: Record<string, (model: ModelLike, at: tf.Tensor) => unknown> = {
    confidences: (model, at) => confidences(model, at),
    logOdds: (model, at) => logOdds(model, at),
    predictions: (model, at) => predictions(model, at),
    pgdLinf: (model, at) => pgdLinf(model, at, { steps: 1 }),
    logits: (model, at) => tf.dispose(classifier(model).logits(at)),
  };
  const inputs: Record<string, [() => tf.Tensor, string]> = {
    int32: [() => tf.zeros([2, 2], 'int32'), 'INVALID_ARGUMENT'],
    bool: [() => tf.zeros([2, 2], 'bool'), 'INVALID_ARGUMENT'],
    string: [() => tf.tensor([['a', 'b']]), 'INVALID_ARGUMENT'],
    'another rank': [() => tf.zeros([2]), 'INVALID_SHAPE'],
    'another shape': [() => tf.zeros([2, 3]), 'INVALID_SHAPE'],
    'no rows': [() => tf.zeros([0, 2]), 'EMPTY_INPUT'],
  };
  const models = {
    LayersModel: () => tinyMlp(),
    GraphModel: () => graphModelEndingIn(['Softmax']),
    wrapper: () => wrapper,
  };
  for (const [name, call] of Object.entries(calls))
    for (const [what, [make, code]] of Object.entries(inputs))
      it.each(Object.entries(models))(`${name} of inputs: ${what}, model: %s`, async (_, build) => {
        if (name === 'logits' && build === models.wrapper) return; // Its own function.
        const model = await build();
        const bad = make();
        await expectRefusal(() => call(model, bad), { code: code as 'INVALID_SHAPE', fn: name, argument: 'x' });
        bad.dispose();
      });

  const broken: Record<string, [() => Promise<ModelLike> | ModelLike, string]> = {
    'a disposed LayersModel': [
      () => {
        const model = tinyMlp();
        model.dispose();
        return model;
      },
      'DISPOSED',
    ],
    'a disposed GraphModel': [
      async () => {
        const model = await graphModelEndingIn([]);
        model.dispose();
        return model;
      },
      'DISPOSED',
    ],
    'a function that throws': [
      () => () => {
        throw new Error('no');
      },
      'UNSUPPORTED_MODEL',
    ],
    'a function that returns no tensor': [() => () => [1, 2] as never, 'UNSUPPORTED_MODEL'],
    'a function that returns rank 1': [() => (z) => tf.sum(z, 1) as tf.Tensor as tf.Tensor2D, 'UNSUPPORTED_MODEL'],
    'a function without a backend': [
      () => () => {
        throw new Error("Backend 'wasm' has not yet been initialized. Make sure to await tf.ready()");
      },
      'NO_BACKEND',
    ],
    'a function without a kernel': [
      () => () => {
        throw new Error("Kernel 'Foo' not registered for backend 'wasm'");
      },
      'MISSING_KERNEL',
    ],
  };
  for (const [what, [make, code]] of Object.entries(broken))
    it.each(Object.entries(calls))(`${what} in %s`, async (name, call) => {
      const model = await make();
      const run =
        name === 'logits' ? () => classifier(model, typeof model === 'function' ? { inputShape: [2] } : {}) : call;
      await expectRefusal(() => run(model, x), { code: code as 'DISPOSED', fn, argument: 'model' });
    });

  it('and keep what caused them', () => {
    const cause = new Error('no');
    const failing = () => {
      throw cause;
    };
    try {
      classifier(failing, { inputShape: [2] });
      expect.unreachable();
    } catch (error) {
      expect((error as OverconfidenceError).cause).toBe(cause);
      expect((error as OverconfidenceError).message).toContain('"no"');
    }
  });

  it('a model that breaks later does too, in whatever reads it', async () => {
    const model = tinyMlp();
    const made = classifier(model);
    model.dispose();
    for (const call of Object.values(calls))
      await expectRefusal(() => call(made, x), { code: 'DISPOSED', fn, argument: 'model' });
  });
});

describe('layersModelOf', () => {
  const where = { fn: 'f', argument: 'model' };
  it('is the LayersModel itself, or that of a classifier made of one', () => {
    const model = tinyMlp();
    expect(layersModelOf(where, model)).toBe(model);
    expect(layersModelOf(where, classifier(model))).toBe(model);
    expect(layersModelOf(where, classifier(classifier(model), { bounds: [0, 2] }))).toBe(model);
  });

  it('is refused for functions, GraphModels, wrappers and what is no model', async () => {
    const graph = await graphModelEndingIn([]);
    for (const model of [(z: tf.Tensor) => z as tf.Tensor2D, graph, classifier(graph), wrapper, null as never])
      await expectRefusal(() => layersModelOf(where, model), { code: 'UNSUPPORTED_MODEL', ...where });
  });
});

describe('weight decay goes by what a weight is in its layer', () => {
  const shapes = (model: LayersModel) => classifier(model, { outputs: 'logits' }).decayed.map((v) => v.shape.join('x'));

  it('whatever the layer is called', () => {
    const model = sequential({
      layers: [
        layers.conv2d({ inputShape: [4, 4, 2], filters: 3, kernelSize: 2, name: 'kernel_conv' }),
        layers.batchNormalization({ name: 'kernel_norm' }),
        layers.depthwiseConv2d({ kernelSize: 2, name: 'bias_of_kernels' }),
        layers.separableConv2d({ filters: 3, kernelSize: 1, name: 'plain' }),
        layers.prelu({ name: 'kernel' }),
        layers.flatten(),
        layers.dense({ units: 2, name: 'out' }),
      ],
    });
    expect(shapes(model)).toEqual(['2x2x2x3', '2x2x3x1', '1x1x3x1', '1x1x3x3', '12x2', '2']);
  });

  it('in recurrent and wrapped layers too', () => {
    const rnn = () => layers.simpleRNN({ units: 3, recurrentInitializer: 'zeros', name: `kernel_${Math.random()}` });
    const model = sequential({ layers: [layers.inputLayer({ inputShape: [4, 2] }), rnn()] });
    expect(shapes(model)).toEqual(['2x3', '3x3']);
    const each = layers.timeDistributed({ layer: layers.dense({ units: 2 }), name: 'kernel_each' });
    const wrapped = sequential({ layers: [layers.inputLayer({ inputShape: [4, 2] }), each, layers.flatten()] });
    expect(shapes(wrapped)).toEqual(['2x2']);
  });
});

const wild = process.env.RELU_WILD ?? new URL('../../../shared/wild-models', import.meta.url).pathname;
const file = `${wild}/topology-one-sigmoid/model.json`;

describe.skipIf(!existsSync(file))('a model of the web that ends in one sigmoid unit (RELU_WILD)', () => {
  it('is a classifier of two classes, and attacked through its logit', async () => {
    await onBackend('wasm', async () => {
      const { modelTopology } = JSON.parse(readFileSync(file, 'utf8'));
      const model = seedWeights(await loadLayersModel({ load: async () => ({ modelTopology }) }), 1);
      const images = tf.tidy(() => tf.randomUniform([2, 64, 64, 3], 0, 1, 'float32', 1));
      const made = classifier(model);
      expect(made).toMatchObject({ classes: 2, inputShape: [64, 64, 3], head: 'softmax' });
      const p = Array.from(await tf.tidy(() => model.predict(images) as tf.Tensor).data());
      const found = await confidences(model, images);
      p.forEach((one, i) => {
        expect(found[i]).toBeCloseTo(Math.max(one, 1 - one), 6);
      });
      const logits = tf.tidy(() => tf.slice(made.logits(images), [0, 0], [-1, 1]));
      expect(Array.from(await logits.data())).toEqual([0, 0]);
      tf.dispose([images, logits]);
    });
  });
});
