import * as tf from '@tensorflow/tfjs-core';
import { type Layer, weightsOf } from '../walkGraph';
import { convolvedShape, pooledShape, type Result, reducedShape, sizeOf } from './build';
import type { Activation, Combination, Convolution, OperationKind, Pair, PlainActivation, Pool, Reduce } from './types';

/** A layer at one of the places where it is used. */
export interface LayerUse {
  readonly layer: Layer;
  /** The layer's own description of itself. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly inputs: readonly Result[];
  /** The first of them. */
  readonly input: Result;
  add(kind: OperationKind, inputs: readonly Result[], shape: readonly number[]): Result;
  /** Ends the reading here. */
  refuse(why?: string): never;
}

/** Adds the operations of a layer, and returns its result. */
type LayerReader = (use: LayerUse) => Result;

const nothing: LayerReader = ({ input }) => input;

/** How the layers of tfjs-layers are read, by the name of their class. */
export const LAYER_OPERATIONS: Readonly<Record<string, LayerReader | undefined>> = {
  ...{ Dropout: nothing, SpatialDropout1D: nothing, AlphaDropout: nothing },
  ...{ GaussianNoise: nothing, GaussianDropout: nothing },
  Conv1D: convolution,
  Conv2D: convolution,
  DepthwiseConv2D: depthwise,
  SeparableConv2D: separable,
  Conv2DTranspose: transposedConvolution,
  Dense: dense,
  BatchNormalization: batchNorm,
  Normalization: normalization,
  Rescaling: ({ add, input, config }) =>
    add({ kind: 'affine', factor: Number(config.scale), offset: Number(config.offset) }, [input], input.shape),
  Activation: (use) => activated(use, use.input),
  ReLU: relu,
  LeakyReLU: (use) => withActivation(use, { name: 'leakyRelu', alpha: Number(use.config.alpha) }),
  PReLU: (use) => withActivation(use, { name: 'prelu', alpha: tensorsOf(use)[0]! }),
  ELU: (use) => withActivation(use, { name: 'elu' }),
  ThresholdedReLU: (use) => withActivation(use, { name: 'thresholdedRelu', theta: Number(use.config.theta) }),
  Softmax: softmax,
  MaxPooling1D: pool('max'),
  MaxPooling2D: pool('max'),
  AveragePooling1D: pool('average'),
  AveragePooling2D: pool('average'),
  GlobalMaxPooling1D: globally('max'),
  GlobalMaxPooling2D: globally('max'),
  GlobalAveragePooling1D: globally('mean'),
  GlobalAveragePooling2D: globally('mean'),
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  ZeroPadding2D: zeroPadding,
  Cropping2D: cropping,
  UpSampling2D: upSampling,
  Resizing: resizing,
  Add: merge('add'),
  Multiply: merge('multiply'),
  Maximum: merge('maximum'),
  Minimum: merge('minimum'),
  Average: (use) => {
    const sum = merge('add')(use);
    return use.add({ kind: 'affine', divisor: use.inputs.length }, [sum], sum.shape);
  },
  Concatenate: concatenate,
};

/** The weights of a layer, which are its own variables: what training changes is seen. */
function tensorsOf({ layer }: LayerUse): tf.Tensor[] {
  return weightsOf(layer).map((weight) => weight.read());
}

/** One number for rows and columns, or one for each; of sequences the only one is for columns. */
function pair(value: unknown): Pair {
  const [first, second] = Array.isArray(value) ? value : [value, value];
  return second === undefined ? [1, Number(first)] : [Number(first), Number(second)];
}

function onImages({ config, refuse, input }: LayerUse, rank = 3): void {
  if (config.dataFormat === 'channelsFirst' || input.shape.length !== rank) refuse('not of images, channels last');
}

function padOf({ config, refuse }: LayerUse): 'same' | 'valid' {
  const { padding } = config;
  return padding === 'same' || padding === 'valid' ? padding : refuse(`padding ${String(padding)}`);
}

function convolved(use: LayerUse, input: Result, convolution: Convolution): Result {
  return use.add(convolution, [input], convolvedShape(input.shape, convolution));
}

function convolution(use: LayerUse): Result {
  const [filter, bias] = tensorsOf(use);
  onImages(use, filter!.rank - 1);
  const { strides, dilationRate } = use.config;
  const read = { kind: 'conv2d', filter: filter!, bias, pad: padOf(use) } as const;
  const sliding = { strides: pair(strides), dilations: pair(dilationRate ?? [1, 1]) };
  return activated(use, convolved(use, use.input, { ...read, ...sliding }));
}

/** tfjs-layers lets a DepthwiseConv2D have a dilation rate, and ignores it. */
function depthwise(use: LayerUse): Result {
  onImages(use);
  const [filter, bias] = tensorsOf(use);
  return activated(use, convolved(use, use.input, { ...depthwiseOf(use, filter!), bias }));
}

function depthwiseOf(use: LayerUse, filter: tf.Tensor): Convolution {
  const sliding = { strides: pair(use.config.strides), pad: padOf(use), dilations: [1, 1] } as const;
  return { kind: 'depthwiseConv2d', filter, bias: undefined, ...sliding };
}

/** A depthwise convolution without a bias, then one of single pixels. */
function separable(use: LayerUse): Result {
  onImages(use);
  const [depthwiseFilter, filter, bias] = tensorsOf(use);
  const dilations = pair(use.config.dilationRate ?? 1);
  const between = convolved(use, use.input, { ...depthwiseOf(use, depthwiseFilter!), dilations });
  const pointwise = {
    kind: 'conv2d',
    filter: filter!,
    bias,
    strides: [1, 1],
    pad: 'valid',
    dilations: [1, 1],
  } as const;
  return activated(use, convolved(use, between, pointwise));
}

function transposedConvolution(use: LayerUse): Result {
  onImages(use);
  const [filter, bias] = tensorsOf(use);
  const [strides, pad] = [pair(use.config.strides), padOf(use)];
  const size = (axis: 0 | 1) => {
    const [length, window] = [use.input.shape[axis]!, filter!.shape[axis]!];
    return length * strides[axis] + (pad === 'same' ? 0 : Math.max(window - strides[axis], 0));
  };
  const kind = { kind: 'conv2dTranspose', filter: filter!, bias, strides, pad } as const;
  return activated(use, use.add(kind, [use.input], [size(0), size(1), filter!.shape[2]!]));
}

function dense(use: LayerUse): Result {
  const [kernel, bias] = tensorsOf(use);
  const shape = [...use.input.shape.slice(0, -1), kernel!.shape[1]!];
  return activated(use, use.add({ kind: 'dense', kernel: kernel!, transposed: false, bias }, [use.input], shape));
}

function batchNorm(use: LayerUse): Result {
  const { axis, center, scale, epsilon } = use.config;
  if (Number(axis) !== -1 && Number(axis) !== use.input.shape.length) use.refuse('along an axis that is not the last');
  const weights = tensorsOf(use);
  const gamma = scale ? weights.shift() : undefined;
  const beta = center ? weights.shift() : undefined;
  const [mean, variance] = weights as [tf.Tensor, tf.Tensor];
  const kind = { kind: 'batchNorm', mean, variance, scale: gamma, offset: beta, epsilon: Number(epsilon) } as const;
  return use.add(kind, [use.input], use.input.shape);
}

/** The layer divides by no less than 1e-7, as this does. */
function normalization(use: LayerUse): Result {
  const [mean, variance] = tensorsOf(use) as [tf.Tensor, tf.Tensor];
  const kind = { kind: 'batchNorm', mean, variance, scale: undefined, offset: undefined, epsilon: 1e-14 } as const;
  return use.add(kind, [use.input], use.input.shape);
}

const PLAIN: readonly PlainActivation[] = [
  ...(['relu', 'relu6', 'elu', 'selu', 'sigmoid', 'hardSigmoid', 'tanh', 'softplus', 'softsign'] as const),
  ...(['swish', 'gelu', 'gelu_new', 'mish', 'softmax', 'logSoftmax'] as const),
];

/** The result after the layer's own `activation`. */
function activated(use: LayerUse, result: Result): Result {
  const { activation } = use.config;
  if (activation === undefined || activation === null || activation === 'linear') return result;
  const name = PLAIN.find((plain) => plain === activation);
  if (name === undefined) return use.refuse(`whose activation is ${JSON.stringify(activation)}`);
  return use.add({ kind: 'activation', activation: { name } }, [result], result.shape);
}

function withActivation({ add, input }: LayerUse, activation: Activation): Result {
  return add({ kind: 'activation', activation }, [input], input.shape);
}

function relu(use: LayerUse): Result {
  const { maxValue } = use.config;
  if (maxValue === 6) return withActivation(use, { name: 'relu6' });
  const result = withActivation(use, { name: 'relu' });
  if (maxValue === undefined || maxValue === null) return result;
  const clip = { name: 'clip', low: Number.NEGATIVE_INFINITY, high: Number(maxValue) } as const;
  return use.add({ kind: 'activation', activation: clip }, [result], result.shape);
}

function softmax(use: LayerUse): Result {
  const axis = Number(use.config.axis);
  if (axis !== -1 && axis !== use.input.shape.length) use.refuse('along an axis that is not the last');
  return withActivation(use, { name: 'softmax' });
}

/** Pooling of images; that of sequences is one of images of width 1. */
function pool(operation: Pool['operation']): LayerReader {
  return (use) => {
    const { poolSize, strides } = use.config as Readonly<Record<string, number[]>>;
    const sequence = poolSize!.length === 1;
    onImages(use, sequence ? 2 : 3);
    const both = (sizes: readonly number[]): Pair => [sizes[0]!, sizes[1] ?? 1];
    const read: Pool = { kind: 'pool', operation, size: both(poolSize!), strides: both(strides!), pad: padOf(use) };
    if (!sequence) return use.add(read, [use.input], pooledShape(use.input.shape, read));
    const [length, channels] = use.input.shape as [number, number];
    const image = use.add({ kind: 'reshape' }, [use.input], [length, 1, channels]);
    const pooled = use.add(read, [image], pooledShape(image.shape, read));
    return use.add({ kind: 'reshape' }, [pooled], [pooled.shape[0]!, channels]);
  };
}

function globally(operation: Reduce['operation']): LayerReader {
  return (use) => {
    const { input, config } = use;
    onImages(use, input.shape.length);
    const axes = input.shape.slice(0, -1).map((_, axis) => axis);
    const keepDims = config.keepDims === true;
    return use.add({ kind: 'reduce', operation, axes, keepDims }, [input], reducedShape(input.shape, axes, keepDims));
  };
}

function flatten(use: LayerUse): Result {
  if (use.config.dataFormat === 'channelsFirst') use.refuse('channels first');
  return use.add({ kind: 'reshape' }, [use.input], [sizeOf(use.input.shape)]);
}

function reshape(use: LayerUse): Result {
  const target = (use.config.targetShape as readonly (number | null)[]).map((size) => size ?? -1);
  const told = sizeOf(target.filter((size) => size >= 0));
  const shape = target.map((size) => (size < 0 ? sizeOf(use.input.shape) / told : size));
  return use.add({ kind: 'reshape' }, [use.input], shape);
}

function permute({ add, input, config }: LayerUse): Result {
  const order = (config.dims as readonly number[]).map((axis) => axis - 1);
  return add(
    { kind: 'transpose', order },
    [input],
    order.map((axis) => input.shape[axis]!),
  );
}

function zeroPadding(use: LayerUse): Result {
  onImages(use);
  const [rows, columns] = use.config.padding as [Pair, Pair];
  const paddings: Pair[] = [rows, columns, [0, 0]];
  const shape = use.input.shape.map((size, axis) => size + paddings[axis]![0] + paddings[axis]![1]);
  return use.add({ kind: 'pad', paddings, fill: 0 }, [use.input], shape);
}

function cropping(use: LayerUse): Result {
  onImages(use);
  const [rows, columns] = use.config.cropping as [Pair, Pair];
  const [height, width, channels] = use.input.shape as [number, number, number];
  const shape = [height - rows[0] - rows[1], width - columns[0] - columns[1], channels];
  return use.add({ kind: 'slice', begin: [rows[0], columns[0], 0], strides: [1, 1, 1] }, [use.input], shape);
}

function upSampling(use: LayerUse): Result {
  onImages(use);
  const [down, across] = pair(use.config.size);
  const [height, width, channels] = use.input.shape as [number, number, number];
  const method = use.config.interpolation === 'bilinear' ? 'bilinear' : 'nearest';
  const kind = { kind: 'resize', method, alignCorners: false, halfPixelCenters: false } as const;
  return use.add(kind, [use.input], [height * down, width * across, channels]);
}

function resizing(use: LayerUse): Result {
  onImages(use);
  const { height, width, interpolation, cropToAspectRatio } = use.config;
  const method = interpolation === 'nearest' ? 'nearest' : 'bilinear';
  const kind = { kind: 'resize', method, alignCorners: !cropToAspectRatio, halfPixelCenters: false } as const;
  return use.add(kind, [use.input], [Number(height), Number(width), use.input.shape[2]!]);
}

/** Several inputs of one rank as one. */
function merge(operation: Combination): LayerReader {
  return ({ add, inputs, refuse }) => {
    if (inputs.some(({ shape }) => shape.length !== inputs[0]!.shape.length)) refuse('inputs of different ranks');
    const shape = inputs.reduce<number[]>(
      (all, input) => tf.broadcast_util.assertAndGetBroadcastShape(all, [...input.shape]),
      [...inputs[0]!.shape],
    );
    return add({ kind: 'combine', operation }, inputs, shape);
  };
}

function concatenate({ add, inputs, config }: LayerUse): Result {
  const rank = inputs[0]!.shape.length;
  const told = Number(config.axis ?? -1);
  const axis = told < 0 ? told + rank : told - 1;
  const shape = [...inputs[0]!.shape];
  shape[axis] = inputs.reduce((sum, input) => sum + input.shape[axis]!, 0);
  return add({ kind: 'concat', axis }, inputs, shape);
}
