import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { checkSoftmaxHead } from '../classifier/checkSoftmaxHead';
import { isClassifier } from '../classifier/classifier';
import { layersModelOf } from '../classifier/layersModelOf';
import type { ModelLike } from '../classifier/types';
import { type LayerCall, walkGraph } from '../classifier/walkGraph';
import { type Layer, weightsOf } from '../classifier/walkLayers';
import { refuse, show } from '../core/check';
import { readNow } from '../core/readNow';
import {
  readActivation,
  readBatchNorm,
  readConv2d,
  readDense,
  readDepthwise,
  readLeakyRelu,
  readPrelu,
  readRelu,
  readSeparable,
  readSoftmax,
} from './read/affineLayers';
import { checkClassifier, checkLayer, checkWhole, computed, probesFor, type Reading } from './read/checkReading';
import { finish, type Graph, type Reader, unsupported, type Value } from './read/graph';
import {
  readAdd,
  readAveragePooling,
  readConcatenate,
  readFlatten,
  readGlobalAverage,
  readGlobalMax,
  readIdentity,
  readMaxPooling,
  readReshape,
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
  ['AveragePooling2D', readAveragePooling],
  ['BatchNormalization', readBatchNorm],
  ['Concatenate', readConcatenate],
  ['Conv2D', readConv2d],
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
  ['MaxPooling2D', readMaxPooling],
  ['PReLU', readPrelu],
  ['ReLU', readRelu],
  ['Reshape', readReshape],
  ['SeparableConv2D', readSeparable],
  ['Softmax', readSoftmax],
  ['SpatialDropout1D', readIdentity],
  ['ZeroPadding2D', readZeroPadding],
]);

/**
 * Reads a ReLU network into a {@link PiecewiseAffine}, the exact float64 form that everything in this entry point works
 * on: Section 2 of arXiv 1812.05720.
 *
 * Layers that can be read: Dense, Conv2D, DepthwiseConv2D, SeparableConv2D, BatchNormalization (with its running
 * averages), ReLU (also with `maxValue`), LeakyReLU, PReLU, Activation and `activation:` with linear, relu or relu6,
 * MaxPooling2D, AveragePooling2D, global pooling, Add, Concatenate, Flatten, Reshape, ZeroPadding2D, dropout and noise
 * layers (which do nothing at inference), and models inside models. A softmax at the end is left out: the result are
 * logits. A single sigmoid unit at the end makes two classes, with the logits 0 and z. Images have their channels last.
 *
 * What has been read is compared with the model, layer by layer, on one input inside the box of valid inputs and one outside,
 * up to the rounding of the backend: a layer that computes something else than its configuration says is refused. That costs
 * about three forward passes. Nothing is compared on webgpu, which cannot be read synchronously.
 *
 * The weights are read once and synchronously; later changes of the model are not seen, and no tensor is kept. The result
 * takes about twice the memory of the float32 weights, and more for depthwise convolutions and pooling.
 *
 * @param model - A LayersModel with one input and one output `[B, K]`, or a classifier made of one, whose logits are then
 *   compared too.
 * @throws OverconfidenceError `INVALID_ARGUMENT` if it is no model; `UNSUPPORTED_MODEL` for a model that does not show its
 *   layers and for a head of several sigmoids or another bounded one, and, naming the layer, for
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
export function toPiecewiseAffine(model: ModelLike): PiecewiseAffine {
  const layersModel = checkedModel(model);
  const classifier = isClassifier(model) ? model : undefined;
  if (classifier) checkSoftmaxHead(where, classifier);
  const graph: Graph = [];
  const inputShape = fixedShape(layersModel.inputs[0]!);
  const start: Value = { id: 0, shape: inputShape };
  let output = start;
  tf.tidy(() => {
    const probes = probesFor(inputShape, classifier?.bounds ?? [0, 1]);
    const [result] = walkGraph<Reading>(layersModel, [{ value: start, computed: probes }], (call) => {
      const from = graph.length;
      const made = { value: readCall(graph, call), computed: computed(call) };
      checkLayer(graph, from, call, made);
      return made;
    });
    checkWhole(layersModel, probes, result!.computed);
    output = result!.value;
    if (classifier) checkClassifier(finish(graph, inputShape, output), classifier, probes);
  });
  return finish(graph, inputShape, output);
}

/** The value of a layer where it is used. */
function readCall(graph: Graph, { layer, tensor, inputs, last }: LayerCall<Reading>): Value {
  const className = layer.getClassName();
  const reader = readers.get(className);
  if (reader === undefined)
    return unsupported(
      { layer: layer.name, className },
      'layers that are piecewise affine, as listed in the documentation',
    );
  return reader(graph, {
    layer: layer.name,
    className,
    config: layer.getConfig(),
    weights: () => readWeights(layer),
    inputs: inputs.map(({ value }) => value),
    shape: fixedShape(tensor),
    last,
  });
}

function fixedShape(tensor: SymbolicTensor): number[] {
  return tensor.shape.slice(1).map((size) => {
    const { sourceLayer: layer } = tensor;
    const named = { layer: layer.name, className: layer.getClassName() };
    if (size === null) return unsupported(named, 'a fixed size of every axis but the batch');
    if (size < 1) return unsupported(named, 'windows that fit into their images', ', whose result is empty');
    return size;
  });
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
