import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { parseTensorBundle } from '../../src/datasets';
import { lenet, loadPaperCheckpoint, resnetSmall } from '../../src/models';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { type Written, writeTensorBundle } from '../support/writeTensorBundle';
import { numbers } from './naiveNetwork';

const bad = { code: 'INVALID_CHECKPOINT', fn: 'loadPaperCheckpoint', argument: 'variables' } as const;

/** Weights of a layer as TensorFlow variables with the given names under a scope. */
function written(model: LayersModel, layer: string, scope: string, names: readonly string[]): [string, Written][] {
  return model
    .getLayer(layer)
    .getWeights()
    .map((weight, i) => [`${scope}/${names[i]}`, { shape: weight.shape, data: numbers(weight) }]);
}

const norm = (model: LayersModel, layer: string, scope: string) =>
  written(model, layer, `${scope}/batch_normalization`, ['gamma', 'beta', 'moving_mean', 'moving_variance']);
const kernel = (model: LayersModel, layer: string, scope: string) =>
  written(model, layer, scope, ['weights', 'biases']);

/** The variables that the authors' code would save, with an optimizer slot and the step count beside them. */
function resnetVariables(model: LayersModel): Record<string, Written> {
  const variables = [
    ...kernel(model, 'conv', 'block_init/conv'),
    ...norm(model, 'last_norm', 'unit_last'),
    ...kernel(model, 'logits', 'logit/fc'),
  ];
  for (const stage of [1, 2, 3])
    for (const unit of [0, 1, 2]) {
      const [ours, theirs] = [`unit_${stage}_${unit + 1}`, `block_${stage}_${unit}`];
      variables.push(
        ...norm(model, `${ours}_1_norm`, `${theirs}/${unit === 0 ? 'shared' : 'residual_only'}_activation`),
        ...norm(model, `${ours}_2_norm`, `${theirs}/sub2`),
        ...kernel(model, `${ours}_conv_1`, `${theirs}/sub1/conv1`),
        ...kernel(model, `${ours}_conv_2`, `${theirs}/sub2/conv2`),
      );
    }
  const slot = { shape: [2], data: [1, 2] };
  return { ...Object.fromEntries(variables), Variable: { shape: [], data: [39000] }, 'logit/fc/biases/Momentum': slot };
}

const lenetVariables = (model: LayersModel): Record<string, Written> =>
  Object.fromEntries([
    ...kernel(model, 'conv_1', 'conv1/conv1'),
    ...kernel(model, 'conv_2', 'conv2/conv2'),
    ...kernel(model, 'hidden', 'fc1'),
    ...kernel(model, 'logits', 'fc2'),
  ]);

/** Every weight different from every other and from what a fresh model has. */
function disturb(model: LayersModel): void {
  let count = 0;
  for (const layer of model.layers)
    tf.tidy(() =>
      layer.setWeights(
        layer.getWeights().map(({ size, shape }) =>
          tf.tensor(
            Array.from({ length: size }, () => 0.2 + 0.1 * Math.sin(count++)),
            shape,
          ),
        ),
      ),
    );
}

const answers = (model: LayersModel) =>
  tf.tidy(() => {
    const [, ...shape] = model.inputs[0]!.shape as number[];
    return numbers(
      model.predict(
        tf.reshape(
          tf.linspace(
            0,
            1,
            shape.reduce((a, b) => a * b),
          ),
          [1, ...shape],
        ),
      ) as tf.Tensor,
    );
  });

const load = (variables: Record<string, Written>, inputShape?: readonly number[]) => {
  const { index, data } = writeTensorBundle(variables);
  return loadPaperCheckpoint(parseTensorBundle(index, data), inputShape && { inputShape });
};

describe('loadPaperCheckpoint', () => {
  it('rebuilds a small ResNet from the two files of its checkpoint, every weight in its place', async () => {
    await expectNoLeak(() => {
      const inputShape = [8, 8, 2];
      const model = resnetSmall({ inputShape, classes: 3, batchNormEpsilon: 1.001e-5 });
      disturb(model);
      const loaded = load(resnetVariables(model), inputShape);
      expect(loaded.getWeights().map(numbers)).toEqual(model.getWeights().map(numbers));
      expect(answers(loaded)).toEqual(answers(model));
      for (const layer of loaded.layers.filter((l) => l.getClassName() === 'BatchNormalization'))
        expect(layer.getConfig().epsilon).toBe(1.001e-5);
      loaded.dispose();
      model.dispose();
    });
  });

  it('rebuilds LeNet', async () => {
    await expectNoLeak(() => {
      const inputShape = [4, 4, 1];
      const model = lenet({ inputShape, classes: 2 });
      disturb(model);
      const loaded = load(lenetVariables(model), inputShape);
      expect(answers(loaded)).toEqual(answers(model));
      loaded.dispose();
      model.dispose();
    });
  });

  it('takes images of 32x32x3 for the small ResNet unless told otherwise', async () => {
    await expectNoLeak(() => {
      const model = resnetSmall({ classes: 100 });
      const loaded = load(resnetVariables(model));
      expect(loaded.inputs[0]!.shape).toEqual([null, 32, 32, 3]);
      expect(loaded.outputs[0]!.shape).toEqual([null, 100]);
      loaded.dispose();
      model.dispose();
    });
  });

  it('names a variable that is missing or has another shape', async () => {
    const model = lenet({ inputShape: [4, 4, 1], classes: 2 });
    const variables = lenetVariables(model);
    model.dispose();
    const { 'conv2/conv2/biases': lost, ...rest } = variables;
    await expectRefusal(() => load(rest, [4, 4, 1]), bad);
    expect(() => load(rest, [4, 4, 1])).toThrow('"conv2/conv2/biases" has shape [64], but got one without it');
    await expectRefusal(
      () => load({ ...rest, 'conv2/conv2/biases': { shape: [8, 8], data: lost!.data } }, [4, 4, 1]),
      bad,
    );
    await expectRefusal(() => load(variables, [8, 8, 1]), bad);
  });

  it('refuses a Map whose numbers do not fill their shape', async () => {
    const variables = new Map([
      ['fc2/biases', { shape: [2], data: [0, 0] }],
      ['conv1/conv1/weights', { shape: [5, 5, 1, 32], data: [1, 2] }],
    ]);
    await expectRefusal(() => loadPaperCheckpoint(variables), bad);
  });

  it('refuses other networks, other arguments and other shapes', async () => {
    await expectRefusal(() => loadPaperCheckpoint(new Map()), bad);
    await expectRefusal(() => load({ 'fc2/biases': { shape: [1], data: [0] } }), bad);
    await expectRefusal(() => loadPaperCheckpoint({} as never), { ...bad, code: 'INVALID_ARGUMENT' });
    await expectRefusal(() => loadPaperCheckpoint(new Map(), { shape: [28, 28, 1] } as object), {
      code: 'INVALID_OPTION',
      fn: 'loadPaperCheckpoint',
      argument: 'options',
    });
    await expectRefusal(() => load({ 'fc2/biases': { shape: [2], data: [0, 0] } }, [28]), {
      code: 'INVALID_OPTION',
      fn: 'lenet',
      argument: 'inputShape',
    });
  });
});
