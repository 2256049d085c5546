import * as tf from '@tensorflow/tfjs-core';
import { model as buildModel, type LayersModel } from '@tensorflow/tfjs-layers';
import { endingOf, run } from './ending';
import { layersInput } from './inputFacts';
import { builder, type Result, reading, unreadable } from './net/build';
import { LAYER_OPERATIONS } from './net/layerOperations';
import type { NetworkReading } from './net/types';
import { applied } from './rightKernels';
import { checkTrainingMode, trainingForward } from './trainingForward';
import type { ClassifierOptions } from './types';
import { checkOneInput, inputShapeOf, outputIndex, type View } from './view';
import { type Layer, walkGraph, walkLayers } from './walkGraph';

/** A LayersModel as a model: one output of it, on its own weights. */
export function fromLayersModel(
  model: LayersModel,
  { inputShape, output }: Pick<ClassifierOptions, 'inputShape' | 'output'>,
): View {
  checkOneInput(model.inputs.map(({ name }) => name));
  // A Sequential has no names of outputs until it is compiled.
  const end =
    model.outputs[
      outputIndex(
        model.outputs.map(({ sourceLayer }, i) => model.outputNames[i] ?? sourceLayer.name),
        output,
      )
    ]!;
  const part = model.outputs.length === 1 ? model : buildModel({ inputs: model.inputs, outputs: end });
  const [, ...declared] = model.inputs[0]!.shape;
  const shape = inputShapeOf(declared, inputShape);
  return {
    inputShape: shape,
    whole: part === model ? (x, training) => applied(model, [x], training) : run(model, end),
    ending: endingOf(model, end),
    run: (forward, x, training, rng) => {
      if (!training) return forward(x, false);
      checkTrainingMode(part);
      return trainingForward(part, rng, () => forward(x, true));
    },
    read: () => readLayers(part, shape),
    weights: () => ({
      variables: onlyVariables(part.trainableWeights.map((weight) => weight.read())),
      decayed: decayedVariables(part),
      state: onlyVariables(part.weights.map((weight) => weight.read())),
    }),
    layersModel: part,
    input: layersInput(part),
  };
}

/** Kernels of convolution and dense layers and biases of dense layers; not batch norm, not convolution biases. */
function decayedVariables(model: LayersModel): tf.Variable[] {
  const weights = walkLayers(model).flatMap(({ layer, frozen }) => {
    if (frozen) return [];
    const dense = layer.getClassName() === 'Dense';
    const roles = rolesOf(layer);
    return layer.trainableWeights.filter((weight) => {
      const role = roles.get(weight) ?? weight.name.split('/').at(-1)!;
      return /kernel/i.test(role) || (dense && /bias/i.test(role));
    });
  });
  return onlyVariables(weights.map((weight) => weight.read()));
}

type Weight = Layer['weights'][number];

/** What each weight is in its layer: the property that holds it there, or in the cell of a recurrent layer. */
function rolesOf(layer: Layer): ReadonlyMap<Weight, string> {
  const weights: readonly unknown[] = layer.weights;
  const roles = new Map<Weight, string>();
  const look = (holder: object, depth: number): void => {
    for (const [key, value] of Object.entries(holder)) {
      if (weights.includes(value)) roles.set(value as Weight, key);
      else if (depth > 0 && /layer|cell/i.test(key) && typeof value === 'object' && value !== null)
        look(value, depth - 1);
    }
  };
  look(layer, 2);
  return roles;
}

function onlyVariables(tensors: readonly tf.Tensor[]): tf.Variable[] {
  return tensors.filter((tensor): tensor is tf.Variable => tensor instanceof tf.Variable);
}

/** Reads what a LayersModel with one input and one output computes in inference mode, nested models opened up. */
function readLayers(model: LayersModel, inputShape: readonly number[]): NetworkReading {
  return reading(() => {
    const network = builder(model.inputs[0]!.name, inputShape);
    const [output] = walkGraph<Result>(model, [network.input], ({ layer, inputs }) => {
      const [className, config] = [layer.getClassName(), layer.getConfig()];
      const refuse = (why = ''): never =>
        unreadable(`layer "${layer.name}" (${className})${why === '' ? '' : `: ${why}`}`);
      // A layer that was given a function of its own computes something else than its class says.
      const read = Object.hasOwn(layer, 'call') ? undefined : LAYER_OPERATIONS[className];
      if (read === undefined) return refuse();
      return read({
        layer,
        config,
        inputs,
        input: inputs[0]!,
        add: (kind, from, shape) => network.add(layer.name, kind, from, shape),
        refuse,
      });
    });
    return network.finish(output!);
  });
}
