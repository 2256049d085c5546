import * as tf from '@tensorflow/tfjs-core';
import {
  model as buildModel,
  type LayersModel,
  layers,
  type SymbolicTensor,
  sequential,
  input as tfInput,
} from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import {
  acetGradients,
  acetStep,
  type Classifier,
  cedaGradients,
  classifier,
  evaluateOod,
  maxConfidenceAttack,
  type OodOptions,
} from '../../src/index';
import { createTrainingPool, type TrainingPool } from '../../src/parallel/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { seedWeights, tinyBatch, weightsOf } from '../support/smallModels';
import { startPool } from './startPool';

const batch = { x: tf.keep(tf.sub(tf.mul(tinyBatch(9).x, 2), 1)), y: tf.keep(tinyBatch(9).y) };
const described = { bounds: [-1, 1], output: 'tags', outputs: 'sigmoids', labels: ['a', 'b', 'c'] } as const;

/** Two outputs on one hidden layer: three sigmoids, and a softmax over two classes with a layer of its own. */
function twoHeads(): LayersModel {
  const x = tfInput({ shape: [2] });
  const to = (units: number, activation: 'relu' | 'sigmoid' | 'softmax', at: SymbolicTensor, name: string) =>
    layers.dense({ units, activation, name }).apply(at) as SymbolicTensor;
  const hidden = to(6, 'relu', x, 'hidden');
  const outputs = [to(2, 'softmax', to(4, 'relu', hidden, 'aside'), 'kinds'), to(3, 'sigmoid', hidden, 'tags')];
  return seedWeights(buildModel({ inputs: x, outputs }), 4);
}

async function read(tensors: object): Promise<Record<string, number[]>> {
  const { grads = {}, ...others } = tensors as Record<string, tf.Tensor> & { readonly grads?: tf.NamedTensorMap };
  const named = Object.entries({ ...others, ...grads }).filter(([, value]) => value instanceof tf.Tensor);
  const values = await Promise.all(named.map(async ([name, t]) => [name, Array.from(await t.data())] as const));
  tf.dispose(named.map(([, t]) => t));
  return Object.fromEntries(values);
}

function expectClose(got: Record<string, number[]>, expected: Record<string, number[]>): void {
  expect(Object.keys(got)).toEqual(Object.keys(expected));
  for (const [name, values] of Object.entries(expected))
    for (const [i, value] of values.entries()) expect(Math.abs(got[name]![i]! - value), name).toBeLessThan(1e-6);
}

/** Gradients, an attack and an evaluation of a pool are those of the functions in this process. */
async function expectTheSame(pool: TrainingPool, net: Classifier): Promise<void> {
  const training = { lambda: 2, steps: 3, seed: 5 };
  expectClose(
    await read(await pool.cedaGradients(batch, { seed: 5 })),
    await read(cedaGradients(net, batch, { seed: 5 })),
  );
  expectClose(await read(await pool.acetGradients(batch, training)), await read(acetGradients(net, batch, training)));
  const attack = { epsilon: 0.3, steps: 4, seed: 1 };
  const found = await read(await pool.maxConfidenceAttack(batch.x, attack));
  expect(found).toEqual(await read(await maxConfidenceAttack(net, batch.x, attack)));
  const options: OodOptions = { in: batch, adversarialNoise: { steps: 2 }, adversarialSamples: { steps: 2 }, seed: 3 };
  expect(await pool.evaluateOod(options)).toEqual(await evaluateOod(net, options));
}

describe('a pool of a classifier', () => {
  it('has its bounds, its head and its output, as one that is told the same of the model', async () => {
    const model = twoHeads();
    const net = classifier(model, described);
    for (const pool of [await startPool(net), await startPool(model, { ...described, classes: 3, inputShape: [2] })])
      await expectNoLeak(() => expectTheSame(pool, net));
    // Not the same as with other bounds.
    const narrow = await startPool(net, { bounds: [-1, 0.5] });
    const start = { epsilon: 1, steps: 4, seed: 1 };
    const { adversarial } = await read(await narrow.maxConfidenceAttack(tf.zeros([4, 2]), start));
    expect(Math.max(...adversarial!)).toBe(0.5);
  });

  it('trains the model that the classifier was made of, as in one process', async () => {
    const [mine, pooled] = [twoHeads(), twoHeads()];
    const pool = await startPool(classifier(pooled, described));
    const optimizers = [tf.train.sgd(0.1), tf.train.sgd(0.1)] as const;
    for (let step = 0; step < 3; step++) {
      tf.dispose(acetStep(classifier(mine, described), optimizers[0], batch, { steps: 2, seed: 1 }));
      tf.dispose(await pool.acetStep(optimizers[1], batch, { steps: 2, seed: 1 }));
    }
    const [expected, got] = [await weightsOf(mine), await weightsOf(pooled)];
    expect(got).not.toEqual(await weightsOf(twoHeads()));
    expect(Math.max(...got.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThan(1e-6);
  });

  it('follows a freezing of the whole model, of which the output is a part', async () => {
    const model = twoHeads();
    const net = classifier(model, described);
    const pool = await startPool(net);
    model.getLayer('hidden').trainable = false;
    expect(net.variables).toHaveLength(2);
    await expectTheSame(pool, net);
    model.trainable = false;
    for (const layer of model.layers) for (const weight of layer.weights) weight.trainable = weight.shape.length === 1;
    model.getLayer('hidden').trainable = true;
    expect(net.variables.map(({ shape }) => shape)).toEqual([[2, 6], [6], [3]]);
    await expectTheSame(pool, net);
  });

  it('reads its output as the process has read it, not as a copy without weights would be read', async () => {
    // Without weights it is the same for all inputs, which could be anything; with them one number in [0, 1].
    const x = tfInput({ shape: [2] });
    const two = [1, 2].map(() => layers.dense({ units: 1, activation: 'sigmoid' }).apply(x) as SymbolicTensor);
    const model = seedWeights(buildModel({ inputs: x, outputs: layers.average().apply(two) as SymbolicTensor }), 2);
    const net = classifier(model, { bounds: [-1, 1] });
    const pool = await startPool(net);
    const { adversarial } = await read(await pool.maxConfidenceAttack(batch.x, { steps: 3, seed: 1 }));
    expect(adversarial).toEqual(
      (await read(await maxConfidenceAttack(net, batch.x, { steps: 3, seed: 1 }))).adversarial,
    );
  });

  it('takes other bounds and labels for it, and refuses what is settled in it', async () => {
    const model = twoHeads();
    const net = classifier(model, described);
    const createWorker = () => expect.unreachable();
    const refused = (argument: string) => ({ code: 'INVALID_OPTION', fn: 'classifier', argument }) as const;
    for (const [argument, options] of [
      ['output', { output: 'kinds' }],
      ['outputs', { outputs: 'logits' }],
      ['classes', { classes: 2 }],
      ['labels', { labels: ['a'] }],
      ['inputShape', { inputShape: [3] }],
      ['bounds', { bounds: [1, 0] }],
    ] as const)
      await expectRefusal(() => createTrainingPool(net, { createWorker, ...options }), refused(argument));
    await expectRefusal(() => createTrainingPool(model, { createWorker }), {
      code: 'UNSUPPORTED_MODEL',
      fn: 'classifier',
      argument: 'model',
    });
  });

  it('refuses a classifier of no LayersModel, and one with logits of its own', async () => {
    const net = classifier(sequential({ layers: [layers.dense({ inputShape: [2], units: 3 })] }));
    const own: Classifier = { ...net, logits: (x) => tf.mul(net.logits(x), 0.5) as tf.Tensor2D };
    const ofFunction = classifier((x: tf.Tensor) => net.logits(x), { inputShape: [2] });
    for (const other of [
      own,
      ofFunction,
      classifier(ofFunction, { bounds: [0, 2] }),
      classifier(own, { bounds: [0, 2] }),
    ])
      await expectRefusal(() => createTrainingPool(other, { createWorker: () => expect.unreachable() }), {
        code: 'UNSUPPORTED_MODEL',
        fn: 'createTrainingPool',
        argument: 'model',
      });
  });
});
