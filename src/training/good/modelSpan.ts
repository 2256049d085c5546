import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { applied, withRightKernels } from '../../classifier/rightKernels';
import { type Layer, walkGraph, weightsOf } from '../../classifier/walkGraph';
import { refuse } from '../../core/check';
import { readNow } from '../../core/readNow';
import { createRng } from '../../core/rng';

/** Bounds of the logits of a model over a span of inputs, by interval propagation in inference mode; runs in a tidy. */
export function modelSpan(fn: string, model: LayersModel, input: Span): Span {
  return spansOf(fn, model, input, model.outputs)[0]!;
}

/**
 * Upper bounds `[B, K, K]` on the differences of two logits, z_k - z_j at [b, k, j], over a span of inputs. Where the model
 * ends in a dense layer the difference is taken before the bounds (last-layer elision); the diagonal is zero.
 */
export function differenceSpan(fn: string, model: LayersModel, input: Span): tf.Tensor3D {
  const before = lastDense(model);
  if (before === undefined) {
    const { lower, upper } = modelSpan(fn, model, input);
    const differences = tf.sub(tf.expandDims(upper, 2), tf.expandDims(lower, 1));
    return tf.mul(differences, tf.sub(1, tf.eye(model.outputs[0]!.shape[1]!)));
  }
  const { kernel, bias } = kernelAndBias(before.sourceLayer);
  const [inputs, classes] = kernel.shape as [number, number];
  const pairs = (weights: tf.Tensor) => tf.sub(tf.expandDims(weights, -1), tf.expandDims(weights, -2));
  const rows = tf.reshape(pairs(kernel), [inputs, classes * classes]);
  const [features] = spansOf(fn, model, input, before.inputs);
  const product = (weights: tf.Tensor) => (x: tf.Tensor) => tf.matMul(x as tf.Tensor2D, weights as tf.Tensor2D);
  const { upper } = throughLinear(features!, product(rows), product(tf.abs(rows)));
  const differences = tf.reshape(upper, [-1, classes, classes]);
  return (bias === undefined ? differences : tf.add(differences, pairs(bias))) as tf.Tensor3D;
}

/** The result of the dense layer that a model ends with, apart from a softmax. */
function lastDense({ outputs }: LayersModel): SymbolicTensor | undefined {
  let last = outputs[0]!;
  const { activation } = last.sourceLayer.getConfig();
  const name = last.sourceLayer.getClassName();
  if (name === 'Softmax' || (name === 'Activation' && activation === 'softmax')) last = last.inputs[0]!;
  if (last.sourceLayer?.getClassName() !== 'Dense' || last.inputs[0]!.rank !== 2) return undefined;
  const ending = last.sourceLayer.getConfig().activation ?? 'linear';
  return ending === 'linear' || (ending === 'softmax' && last === outputs[0]) ? last : undefined;
}

/** The spans of some inner tensors of a model, given that of its input. */
function spansOf(fn: string, model: LayersModel, input: Span, wanted: readonly SymbolicTensor[]): Span[] {
  return withRightKernels(() => {
    if (!compared.has(model)) compareLayers(fn, model, input.lower.shape.slice(1));
    return walkGraph<Span>(model, [input], ({ layer, inputs, last }) => layerSpan(fn, layer, inputs, last), wanted);
  });
}

/** Models of which {@link compareLayers} has found that their layers are what they say. */
const compared = new WeakSet<LayersModel>();

/** Two ways of computing a layer in float32 agree at least to this part of its largest result. */
const SAME = 1e-4;

/** Refuses a model with a layer that computes something else than the span of a single point says it does. */
function compareLayers(fn: string, model: LayersModel, inputShape: readonly number[]): void {
  const rng = createRng(1812);
  tf.tidy(() => {
    const shape = [2, ...inputShape];
    const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => 0.5 + rng.normal());
    const probes = tf.tensor(values, shape);
    walkGraph<Span>(model, [{ lower: probes, upper: probes }], ({ layer, tensor, inputs, last }) => {
      if (tensor.shape.some((size) => size !== null && size < 1)) unsupported(fn, layer, ', whose result is empty');
      const point = layerSpan(fn, layer, inputs, last);
      const result = applied(
        layer,
        inputs.map(({ lower }) => lower),
      );
      if (last && endsInSoftmax(layer)) return point;
      const gap = tf.max(tf.abs(tf.sub(point.lower, result)));
      const [far] = readNow(tf.greater(gap, tf.mul(SAME, tf.max(tf.abs(result))))) ?? [0];
      if (far === 1) unsupported(fn, layer, ', which computes something else than its configuration says');
      return { lower: result, upper: result };
    });
  });
  compared.add(model);
}

/** Layers that change nothing at inference. */
const IDENTITY: ReadonlySet<string> = new Set([
  'AlphaDropout',
  'Dropout',
  'GaussianDropout',
  'GaussianNoise',
  'SpatialDropout1D',
]);

/** Layers that are monotone in every entry, whatever their settings. */
const MONOTONE: ReadonlySet<string> = new Set([
  'Add',
  'Average',
  'AveragePooling1D',
  'AveragePooling2D',
  'Concatenate',
  'Cropping2D',
  'Flatten',
  'GlobalAveragePooling1D',
  'GlobalAveragePooling2D',
  'GlobalMaxPooling1D',
  'GlobalMaxPooling2D',
  'MaxPooling1D',
  'MaxPooling2D',
  'Permute',
  'ReLU',
  'Reshape',
  'UpSampling2D',
  'ZeroPadding2D',
]);

/**
 * What a layer does to spans in inference mode, made of operations with gradients in its weights. A softmax at the end of the
 * model (`last`) is left out.
 */
function layerSpan(fn: string, layer: Layer, inputs: readonly Span[], last: boolean): Span {
  const name = layer.getClassName();
  if (IDENTITY.has(name)) return inputs[0]!;
  if (MONOTONE.has(name)) return throughMonotone(inputs, (x) => applied(layer, x));
  switch (name) {
    case 'Dense':
      return activated(fn, layer, dense(layer, inputs[0]!), last);
    case 'Conv1D':
    case 'Conv2D':
    case 'Conv2DTranspose':
    case 'DepthwiseConv2D':
      return activated(fn, layer, convolution(fn, layer, inputs[0]!), last);
    case 'BatchNormalization':
      return batchNorm(fn, layer, inputs[0]!);
    case 'Rescaling':
      return rescaling(layer, inputs[0]!);
    case 'Activation':
      return activated(fn, layer, inputs[0]!, last);
    case 'Softmax':
      return last ? inputs[0]! : unsupported(fn, layer);
    case 'LeakyReLU':
      return Number(layer.getConfig().alpha) >= 0
        ? throughMonotone(inputs, (x) => applied(layer, x))
        : unsupported(fn, layer);
    default:
      return unsupported(fn, layer);
  }
}

/** The kernel and the bias, if there is one, of a layer. */
function kernelAndBias(layer: Layer): { readonly kernel: tf.Tensor; readonly bias: tf.Tensor | undefined } {
  const [kernel, bias] = weightsOf(layer).map((weight) => weight.read());
  return { kernel: kernel!, bias };
}

/** The refusal of a layer whose bounds are not known. */
function unsupported(fn: string, layer: Layer, why = ''): never {
  return refuse(
    { fn, argument: 'model' },
    'UNSUPPORTED_MODEL',
    'made of layers through which intervals can be propagated, as listed in the documentation',
    `layer "${layer.name}" (${layer.getClassName()})${why}`,
    'Replace the layer by one of those.',
  );
}

function dense(layer: Layer, input: Span): Span {
  const { kernel, bias } = kernelAndBias(layer);
  const [inputs, units] = kernel.shape as [number, number];
  const product = (weights: tf.Tensor) => (x: tf.Tensor) =>
    tf.reshape(tf.matMul(tf.reshape(x, [-1, inputs]), weights as tf.Tensor2D), [...x.shape.slice(0, -1), units]);
  return shifted(throughLinear(input, product(kernel), product(tf.abs(kernel))), bias);
}

function convolution(fn: string, layer: Layer, input: Span): Span {
  const { kernel, bias } = kernelAndBias(layer);
  const config = layer.getConfig() as {
    strides: number | [number, number];
    padding: string;
    dilationRate?: number | [number, number];
    dataFormat: string;
  };
  if (config.dataFormat === 'channelsFirst') unsupported(fn, layer);
  const padding = config.padding === 'same' ? 'same' : 'valid';
  const product = (weights: tf.Tensor) => (x: tf.Tensor) => convolved(layer, x, weights, { ...config, padding });
  return shifted(throughLinear(input, product(kernel), product(tf.abs(kernel))), bias);
}

/** How a convolution slides. */
interface Sliding {
  readonly strides: number | [number, number];
  readonly padding: 'same' | 'valid';
  readonly dilationRate?: number | [number, number];
}

/** What a layer computes with such a kernel. */
function convolved(layer: Layer, x: tf.Tensor, kernel: tf.Tensor, sliding: Sliding): tf.Tensor {
  const { strides, padding, dilationRate = 1 } = sliding;
  const [image, filter] = [x as tf.Tensor4D, kernel as tf.Tensor4D];
  const [first, second] = [strides, dilationRate].map((sizes) => Number([sizes].flat()[0])) as [number, number];
  switch (layer.getClassName()) {
    case 'Conv1D':
      return tf.conv1d(x as tf.Tensor3D, kernel as tf.Tensor3D, first, padding, 'NWC', second);
    case 'Conv2D':
      return tf.conv2d(image, filter, strides, padding, 'NHWC', dilationRate);
    case 'Conv2DTranspose':
      return tf.conv2dTranspose(
        image,
        filter,
        layer.computeOutputShape(x.shape) as [number, number, number, number],
        strides,
        padding,
      );
    default:
      // tfjs-layers 4.22 lets a DepthwiseConv2D have a dilation rate and ignores it.
      return tf.depthwiseConv2d(image, filter, strides, padding);
  }
}

/** `gamma (x - mean) / sqrt(variance + epsilon) + beta` with the running averages. */
function batchNorm(fn: string, layer: Layer, input: Span): Span {
  const { axis, center, scale, epsilon } = layer.getConfig() as {
    axis: number | [number];
    center: boolean;
    scale: boolean;
    epsilon: number;
  };
  // Keras 2 saves the axis as a list of one.
  if (Number(axis) !== -1 && Number(axis) !== input.lower.rank - 1) unsupported(fn, layer);
  const weights = weightsOf(layer).map((weight) => weight.read());
  const gamma = scale ? weights.shift() : undefined;
  const beta = center ? weights.shift() : undefined;
  const [mean, variance] = weights as [tf.Tensor, tf.Tensor];
  const unit = tf.rsqrt(tf.add(variance, epsilon));
  const factor = gamma === undefined ? unit : tf.mul(gamma, unit);
  const centred = throughMonotone([input], ([x]) => tf.sub(x!, mean));
  const scaled = throughLinear(
    centred,
    (x) => tf.mul(x, factor),
    (x) => tf.mul(x, tf.abs(factor)),
  );
  return shifted(scaled, beta);
}

/** `scale x + offset`. */
function rescaling(layer: Layer, input: Span): Span {
  const { scale, offset } = layer.getConfig() as { scale: number; offset: number };
  const scaled = throughLinear(
    input,
    (x) => tf.mul(x, scale),
    (x) => tf.mul(x, Math.abs(scale)),
  );
  return shifted(scaled, tf.scalar(offset));
}

function activated(fn: string, layer: Layer, span: Span, last: boolean): Span {
  const { activation } = layer.getConfig();
  if (activation === undefined || activation === null || activation === 'linear') return span;
  if (activation === 'relu') return throughMonotone([span], ([x]) => tf.relu(x!));
  if (activation === 'relu6') return throughMonotone([span], ([x]) => tf.relu6(x!));
  return activation === 'softmax' && last ? span : unsupported(fn, layer);
}

function shifted(span: Span, by: tf.Tensor | undefined): Span {
  return by === undefined ? span : throughMonotone([span], ([x]) => tf.add(x!, by));
}

/** Whether a layer turns logits into probabilities. */
function endsInSoftmax(layer: Layer): boolean {
  return layer.getClassName() === 'Softmax' || layer.getConfig().activation === 'softmax';
}

/** Lower and upper bounds of a batch of values, both of its shape. */
type Span = { readonly lower: tf.Tensor; readonly upper: tf.Tensor };

/** What a linear map does to a span, given the map itself and the one of the absolute values of its entries. */
function throughLinear(
  { lower, upper }: Span,
  map: (x: tf.Tensor) => tf.Tensor,
  absolute: (x: tf.Tensor) => tf.Tensor,
): Span {
  const centre = map(tf.div(tf.add(lower, upper), 2));
  const radius = absolute(tf.div(tf.sub(upper, lower), 2));
  return { lower: tf.sub(centre, radius), upper: tf.add(centre, radius) };
}

/** What a function does to spans that grows with every entry of every one of its inputs. */
function throughMonotone(inputs: readonly Span[], f: (x: tf.Tensor[]) => tf.Tensor): Span {
  return { lower: f(inputs.map(({ lower }) => lower)), upper: f(inputs.map(({ upper }) => upper)) };
}
