import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { refuse } from '../core/check';
import { logOfProbabilities } from './logOfProbabilities';
import { endsInSoftmax, peelSoftmax } from './peelSoftmax';
import { checkTrainingMode, trainingForward } from './trainingForward';
import type { Classifier, ClassifierOptions } from './types';
import { walkLayers } from './walkLayers';

/** A LayersModel as a classifier: logits on its own weights, a trailing softmax taken off. */
export function fromLayersModel(
  model: LayersModel,
  { bounds, outputs, inputShape, classes }: ClassifierOptions & Required<Pick<ClassifierOptions, 'bounds' | 'outputs'>>,
): Classifier {
  checkOneInOneOut(model);
  const [, ...modelShape] = model.inputs[0]!.shape;
  const shape = inputShape ?? fixedShape(modelShape);
  const softmax = outputs !== 'logits' && endsInSoftmax(model);
  const peeled = softmax ? peelSoftmax(model) : undefined;
  const asProbabilities = peeled === undefined && (softmax || outputs === 'probabilities');
  const whole = (x: tf.Tensor, training: boolean) => model.apply(x, { training }) as tf.Tensor;
  const forward = peeled ?? (asProbabilities ? (x, t) => logOfProbabilities(whole(x, t)) : whole);
  return {
    inputShape: shape,
    classes: classes ?? model.outputs[0]!.shape[1]!,
    bounds,
    layersModel: model,
    logits: (x, { training = false, rng } = {}) =>
      tf.tidy(() => {
        if (!training) return forward(x, false) as tf.Tensor2D;
        checkTrainingMode(model);
        return trainingForward(model, rng, () => forward(x, true)) as tf.Tensor2D;
      }),
    get variables() {
      return onlyVariables(model.trainableWeights.map((weight) => weight.read()));
    },
    get decayed() {
      return decayedVariables(model);
    },
    get state() {
      return onlyVariables(model.weights.map((weight) => weight.read()));
    },
  };
}

function checkOneInOneOut(model: LayersModel): void {
  const where = { fn: 'classifier', argument: 'model' };
  if (model.inputs.length !== 1 || model.outputs.length !== 1)
    refuse(
      where,
      'UNSUPPORTED_MODEL',
      'a model with one input and one output',
      `${model.inputs.length} inputs and ${model.outputs.length} outputs`,
      'Build a model that keeps one of each with tf.model({ inputs, outputs }).',
    );
  const shape = model.outputs[0]!.shape;
  if (shape.length !== 2 || shape[1] === null || shape[1]! < 2)
    refuse(
      where,
      'UNSUPPORTED_MODEL',
      'a model with output [batch, classes], two classes or more',
      `output shape [${shape.map(String).join(', ')}]`,
      'Flatten the output; give a one-output (sigmoid) model a second logit of zero.',
    );
}

function fixedShape(shape: readonly (number | null)[]): number[] {
  return shape.map((size) => {
    if (size !== null) return size;
    return refuse(
      { fn: 'classifier', argument: 'inputShape' },
      'INVALID_ARGUMENT',
      'given, since the model leaves it open',
      `[${shape.map(String).join(', ')}]`,
      'Pass the shape of one input, for example `inputShape: [32, 32, 3]`.',
    );
  });
}

/** Kernels of convolution and dense layers and biases of dense layers; not batch norm, not convolution biases. */
function decayedVariables(model: LayersModel): tf.Variable[] {
  const weights = walkLayers(model).flatMap(({ layer, frozen }) => {
    if (frozen) return [];
    const dense = layer.getClassName() === 'Dense';
    return layer.trainableWeights.filter(({ name }) => /kernel/i.test(name) || (dense && /bias/i.test(name)));
  });
  return onlyVariables(weights.map((weight) => weight.read()));
}

function onlyVariables(tensors: readonly tf.Tensor[]): tf.Variable[] {
  return tensors.filter((tensor): tensor is tf.Variable => tensor instanceof tf.Variable);
}
