import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, Shape, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { isClassifier } from '../classifier/classifier';
import { checkSoftmaxHead } from '../classifier/head';
import { layersModelOf } from '../classifier/layersModelOf';
import type { ModelLike } from '../classifier/types';
import { type Layer, type LayerCall, walkGraph, weightsOf } from '../classifier/walkGraph';
import { type Bounds, boundsAt } from '../core/bounds';
import { checkKeys, type KeysOf, refuse, show } from '../core/check';
import { readNow } from '../core/readNow';
import { createRng } from '../core/rng';
import { readActivation, readLeakyRelu, readPrelu, readRelu, readSoftmax } from './read/activations';
import {
  readBatchNorm,
  readConv,
  readConvTranspose,
  readDense,
  readDepthwise,
  readNormalization,
  readRescaling,
  readSeparable,
} from './read/affineLayers';
import { checkClassifier, checkSteps, type Reading, type Step } from './read/checkReading';
import { finish, type Graph, type Reader, sizeOf, unsupported, type Value } from './read/graph';
import {
  readAdd,
  readAverage,
  readAveragePooling,
  readConcatenate,
  readCropping,
  readFlatten,
  readGlobalAverage,
  readGlobalMax,
  readIdentity,
  readMaxPooling,
  readPermute,
  readReshape,
  readUpSampling,
  readZeroPadding,
} from './read/shapeLayers';
import type { PiecewiseAffine } from './types';

const where = { fn: 'toPiecewiseAffine', argument: 'model' };

/** The weights of a layer in float64, in the order of their making, all of them finite. */
function readWeights(layer: Layer): Float64Array[] {
  return weightsOf(layer).map((weight) => {
    const values = readNow(weight.read());
    if (values === undefined)
      return refuse(
        where,
        'MISSING_KERNEL',
        'a model on a backend that can be read synchronously',
        `weights of layer "${layer.name}" on webgpu`,
        'Save the model and load it again after `await tf.setBackend("cpu")` or "wasm".',
      );
    const bad = values.find((value) => !Number.isFinite(value));
    if (bad !== undefined)
      refuse(
        where,
        'NON_FINITE',
        'finite weights',
        `${bad} in "${weight.originalName}" of layer "${layer.name}"`,
        'Look at the training that produced the weights; a smaller learning rate usually mends it.',
      );
    return Float64Array.from(values);
  });
}

/** What can be read, by the registered name of the layer's class. */
const readers: ReadonlyMap<string, Reader> = new Map([
  ['Activation', readActivation],
  ['Add', readAdd],
  ['AlphaDropout', readIdentity],
  ['Average', readAverage],
  ['AveragePooling1D', readAveragePooling],
  ['AveragePooling2D', readAveragePooling],
  ['BatchNormalization', readBatchNorm],
  ['Concatenate', readConcatenate],
  ['Conv1D', readConv],
  ['Conv2D', readConv],
  ['Conv2DTranspose', readConvTranspose],
  ['Cropping2D', readCropping],
  ['Dense', readDense],
  ['DepthwiseConv2D', readDepthwise],
  ['Dropout', readIdentity],
  ['Flatten', readFlatten],
  ['GaussianDropout', readIdentity],
  ['GaussianNoise', readIdentity],
  ['GlobalAveragePooling1D', readGlobalAverage],
  ['GlobalAveragePooling2D', readGlobalAverage],
  ['GlobalMaxPooling1D', readGlobalMax],
  ['GlobalMaxPooling2D', readGlobalMax],
  ['LeakyReLU', readLeakyRelu],
  ['MaxPooling1D', readMaxPooling],
  ['MaxPooling2D', readMaxPooling],
  ['Normalization', readNormalization],
  ['PReLU', readPrelu],
  ['Permute', readPermute],
  ['ReLU', readRelu],
  ['Rescaling', readRescaling],
  ['Reshape', readReshape],
  ['SeparableConv2D', readSeparable],
  ['Softmax', readSoftmax],
  ['SpatialDropout1D', readIdentity],
  ['UpSampling2D', readUpSampling],
  ['ZeroPadding2D', readZeroPadding],
]);

/** What {@link toPiecewiseAffine} may be told. */
export interface ReadOptions {
  /**
   * Shape of one input without the batch axis, for a model that leaves sizes open, such as one for images of any size.
   * @defaultValue that of the classifier, or of the model
   */
  readonly inputShape?: readonly number[];
}

const KEYS: KeysOf<ReadOptions> = { inputShape: true };

/**
 * Reads a ReLU network into a {@link PiecewiseAffine}, the exact float64 form that everything in this entry point works
 * on: Section 2 of arXiv 1812.05720.
 *
 * Layers that can be read: Dense, Conv1D, Conv2D, Conv2DTranspose, DepthwiseConv2D, SeparableConv2D, BatchNormalization (with
 * its running averages), Rescaling, Normalization, ReLU (also with `maxValue`), LeakyReLU, PReLU, Activation and `activation:`
 * with linear, relu or relu6, max, average and global pooling in one and two dimensions, Add, Average, Concatenate, Flatten,
 * Reshape, Permute, ZeroPadding2D, Cropping2D, UpSampling2D (nearest, or bilinear by powers of two), dropout and noise
 * layers (which do nothing at inference), and models inside models. A softmax at the end is left out: the result are
 * logits. A single sigmoid unit at the end makes two classes, with the logits 0 and z. Images have their channels last. A
 * GraphModel becomes readable by `toLayersModel` of `relu-overconfidence/models`.
 *
 * What has been read is compared with the model, layer by layer, on one input inside the box of valid inputs and one outside,
 * up to the rounding of the backend: a layer that computes something else than its configuration says is refused. That costs
 * about three forward passes. Nothing is compared on webgpu, which cannot be read synchronously.
 *
 * The weights are read once and synchronously; later changes of the model are not seen, and no tensor is kept. The result
 * takes four to six times the memory of the float32 weights, and four bytes for each pixel that is pooled, padded or
 * concatenated; no matrix of a layer is formed.
 *
 * @param model - A LayersModel with one input and one output `[B, K]`, or a classifier made of one, whose logits are then
 *   compared too.
 * @throws OverconfidenceError `INVALID_ARGUMENT` if it is no model; `INVALID_OPTION` for an unknown option; `INVALID_SHAPE` for
 *   an input shape that the model does not take; `UNSUPPORTED_MODEL` for a model that does not show its
 *   layers, for sizes left open and not given, and for a head of several sigmoids or another bounded one, and, naming the layer, for
 *   anything not listed above and for the first layer that does not compute what has been read of it; `NON_FINITE` for NaN
 *   or infinite weights; `MISSING_KERNEL` on webgpu, which cannot be read synchronously.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { lenet } from 'relu-overconfidence/models';
 * import { evaluate, toPiecewiseAffine } from 'relu-overconfidence/regions';
 *
 * const model = lenet({ seed: 0 });
 * const net = toPiecewiseAffine(model);
 * model.dispose(); // not needed any more
 * console.log(net.inputSize, net.classes); // 784 10
 * console.log(evaluate(net, new Float64Array(784).fill(0.5))); // Float64Array(10) [ ... ]
 * ```
 */
export function toPiecewiseAffine(model: ModelLike, options: ReadOptions = {}): PiecewiseAffine {
  checkKeys({ fn: where.fn, argument: 'options' }, options, KEYS);
  const layersModel = checkedModel(model);
  const classifier = isClassifier(model) ? model : undefined;
  if (classifier) checkSoftmaxHead(where, classifier);
  const inputShape = inputShapeOf(layersModel, options.inputShape ?? classifier?.inputShape);
  const graph: Graph = [];
  const steps: Step[] = [];
  const start: Reading = { value: { id: 0, shape: inputShape } };
  const [result] = walkGraph<Reading>(layersModel, [start], (call) => {
    const from = graph.length;
    const made: Reading = { value: readCall(graph, call) };
    steps.push({ call, from, to: graph.length, made });
    return made;
  });
  const net = finish(graph, inputShape, result!.value);
  tf.tidy(() => {
    const probes = probesFor(inputShape, classifier?.bounds ?? [0, 1]);
    checkSteps(graph, steps, layersModel, { start, result: result!, probes });
    if (classifier) checkClassifier(net, classifier, probes);
  });
  return net;
}

/** The value of a layer where it is used. */
function readCall(graph: Graph, { layer, tensor, inputs, last }: LayerCall<Reading>): Value {
  const className = layer.getClassName();
  const reader = readers.get(className);
  const named = { layer: layer.name, className };
  if (reader === undefined)
    return unsupported(named, 'layers that are piecewise affine, as listed in the documentation');
  return reader(graph, {
    ...named,
    config: layer.getConfig(),
    weights: () => readWeights(layer),
    inputs: inputs.map(({ value }) => value),
    shape: shapeOf(layer, tensor, inputs),
    last,
  });
}

/** The shape of a result without the batch axis; where the model leaves sizes open, that for the inputs there are. */
function shapeOf(layer: Layer, { shape, outputTensorIndex }: SymbolicTensor, inputs: readonly Reading[]): number[] {
  let [, ...sizes] = shape;
  if (sizes.includes(null)) {
    const given: Shape[] = inputs.map(({ value }) => [null, ...value.shape]);
    const made = layer.computeOutputShape(given.length === 1 ? given[0]! : given);
    [, ...sizes] = (Array.isArray(made[0]) ? made[outputTensorIndex ?? 0] : made) as Shape;
  }
  const named = { layer: layer.name, className: layer.getClassName() };
  return sizes.map((size) => {
    if (size === null) return unsupported(named, 'a fixed size of every axis but the batch');
    if (size < 1) return unsupported(named, 'windows that fit into their images', ', whose result is empty');
    return size;
  });
}

/** The shape of one input: the one that was given, if the model takes it, for what the model leaves open. */
function inputShapeOf({ inputs }: LayersModel, given: readonly number[] | undefined): number[] {
  const [, ...declared] = inputs[0]!.shape;
  const shown = `[${declared.map((size) => size ?? 'any').join(', ')}]`;
  if (given === undefined && declared.includes(null))
    refuse(
      where,
      'UNSUPPORTED_MODEL',
      'a fixed size of every axis but the batch',
      `a model of inputs ${shown}`,
      'Pass the size that it is used with: toPiecewiseAffine(model, { inputShape: [224, 224, 3] }).',
    );
  const shape = given ?? declared;
  const fits =
    Array.isArray(shape) &&
    shape.length === declared.length &&
    declared.every((size, axis) =>
      size === null ? Number.isInteger(shape[axis]) && shape[axis]! >= 1 : size === shape[axis],
    );
  if (!fits)
    refuse(
      { fn: where.fn, argument: 'inputShape' },
      'INVALID_SHAPE',
      `one of the shapes that the model takes, ${shown}`,
      show(given),
      'Leave the option out unless the model leaves sizes open.',
    );
  return shape.map(Number);
}

function checkedModel(modelLike: ModelLike): LayersModel {
  if (modelLike === null || (typeof modelLike !== 'object' && typeof modelLike !== 'function'))
    refuse(
      where,
      'INVALID_ARGUMENT',
      'a LayersModel, or a classifier made of one',
      show(modelLike),
      'Build it with tf.sequential or tf.model, or load it.',
    );
  const model = layersModelOf(where, modelLike);
  const { inputs, outputs } = model;
  if (inputs.length !== 1 || outputs.length !== 1 || outputs[0]!.shape.length !== 2)
    refuse(
      where,
      'UNSUPPORTED_MODEL',
      'a model with one input and one output [B, K]',
      `${inputs.length} inputs and outputs of shape ${outputs.map(({ shape }) => `[${shape.join(', ')}]`).join(', ')}`,
      'Build a model that keeps one of each with tf.model({ inputs, outputs }), and flatten the output.',
    );
  return model;
}

/**
 * Inputs on which a model is compared with what has been read of it: one inside the box of valid inputs and one outside;
 * always the same ones.
 */
function probesFor(inputShape: readonly number[], bounds: Bounds): tf.Tensor {
  const rng = createRng(1812);
  const size = sizeOf(inputShape);
  const values = Float32Array.from({ length: 2 * size }, (_, i) => {
    const [low, high] = boundsAt(bounds, i % size);
    return i < size ? low + (high - low) * rng.uniform() : (low + high) / 2 + 10 * (high - low) * rng.normal();
  });
  return tf.tensor(values, [2, ...inputShape]);
}
