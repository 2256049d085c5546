import * as tf from '@tensorflow/tfjs-core';
import { applied } from '../../classifier/rightKernels';
import { type Layer, weightsOf } from '../../classifier/walkLayers';
import { refuse } from '../../core/check';
import { type Span, throughLinear, throughMonotone } from './span';

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
export function layerSpan(fn: string, layer: Layer, inputs: readonly Span[], last: boolean): Span {
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
export function kernelAndBias(layer: Layer): { readonly kernel: tf.Tensor; readonly bias: tf.Tensor | undefined } {
  const [kernel, bias] = weightsOf(layer).map((weight) => weight.read());
  return { kernel: kernel!, bias };
}

/** The refusal of a layer whose bounds are not known. */
export function unsupported(fn: string, layer: Layer, why = ''): never {
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
export function endsInSoftmax(layer: Layer): boolean {
  return layer.getClassName() === 'Softmax' || layer.getConfig().activation === 'softmax';
}
