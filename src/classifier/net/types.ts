import type * as tf from '@tensorflow/tfjs-core';

/**
 * What a model computes in inference mode: operations in an order in which each reads results of earlier ones only. It is plain
 * data, with the weights as the model's own tensors, by reference: nothing is copied, and nothing needs disposal.
 *
 * All shapes and axes are those of one example, without the batch axis; images are `[height, width, channels]`.
 */
export interface Network {
  readonly inputShape: readonly number[];
  /** The first is the input. */
  readonly operations: readonly Operation[];
  /** Place of the operation whose result is that of the network. */
  readonly output: number;
}

/** A network, or the first part of a model that could not be read, in words. */
export type NetworkReading = { readonly network: Network } | { readonly unreadable: string };

/** What all operations have. */
export interface Step {
  /** Name of the layer or of the node of the graph. */
  readonly name: string;
  /** Places of the operations whose results are read. */
  readonly inputs: readonly number[];
  /** Shape of the result. */
  readonly shape: readonly number[];
}

/** One operation of a {@link Network}. */
export type Operation = Step & OperationKind;

/** What is computed. */
export type OperationKind =
  | { readonly kind: 'input' }
  | Convolution
  | TransposedConvolution
  | Dense
  | BatchNorm
  | Affine
  | { readonly kind: 'activation'; readonly activation: Activation }
  | Pool
  | Reduce
  | Pad
  | { readonly kind: 'reshape' }
  | { readonly kind: 'transpose'; readonly order: readonly number[] }
  | { readonly kind: 'combine'; readonly operation: Combination }
  | { readonly kind: 'concat'; readonly axis: number }
  | Slice
  | Resize;

/** Two numbers: of rows and of columns. */
export type Pair = readonly [number, number];

/** Zeros around an image: as TensorFlow names them, or before and after the rows and the columns. */
export type Padding = 'same' | 'valid' | readonly [rows: Pair, columns: Pair];

/** A convolution, over channels together or each on its own. */
export interface Convolution {
  readonly kind: 'conv2d' | 'depthwiseConv2d';
  /**
   * `[height, width, in, out]`, depthwise `[height, width, in, multiplier]`. A filter without its first axis has height 1, and
   * then the operation is one of sequences `[length, channels]`.
   */
  readonly filter: tf.Tensor;
  /** One number for each channel of the result. */
  readonly bias: tf.Tensor | undefined;
  readonly strides: Pair;
  readonly pad: Padding;
  readonly dilations: Pair;
}

/** The transpose of a convolution. */
export interface TransposedConvolution {
  readonly kind: 'conv2dTranspose';
  /** `[height, width, out, in]`. */
  readonly filter: tf.Tensor;
  readonly bias: tf.Tensor | undefined;
  readonly strides: Pair;
  readonly pad: 'same' | 'valid';
}

/** A product with a matrix along the last axis. */
export interface Dense {
  readonly kind: 'dense';
  /** `[in, out]`, or `[out, in]` where `transposed`. */
  readonly kernel: tf.Tensor;
  readonly transposed: boolean;
  readonly bias: tf.Tensor | undefined;
}

/** `scale (x - mean) / sqrt(variance + epsilon) + offset` along the last axis, each a vector. */
export interface BatchNorm {
  readonly kind: 'batchNorm';
  readonly mean: tf.Tensor;
  readonly variance: tf.Tensor;
  readonly scale: tf.Tensor | undefined;
  readonly offset: tf.Tensor | undefined;
  readonly epsilon: number;
}

/** `(x - shift) factor / divisor + offset`. Tensors are broadcast to the batch `[B, ...shape]` as tfjs does, and never enlarge it. */
export interface Affine {
  readonly kind: 'affine';
  readonly shift?: tf.Tensor | number;
  readonly factor?: tf.Tensor | number;
  readonly divisor?: tf.Tensor | number;
  readonly offset?: tf.Tensor | number;
}

/** A function of single numbers, or a softmax along the last axis. */
export type Activation =
  | { readonly name: PlainActivation }
  | { readonly name: 'leakyRelu'; readonly alpha: number }
  /** `alpha` is broadcast as a factor of {@link Affine}. */
  | { readonly name: 'prelu'; readonly alpha: tf.Tensor }
  /** The nearest number in `[low, high]`, of which one may be infinite. */
  | { readonly name: 'clip'; readonly low: number; readonly high: number }
  /** x where x > theta, else 0. */
  | { readonly name: 'thresholdedRelu'; readonly theta: number };

/** An activation without numbers of its own, as tfjs-layers names it; the last few are plain functions. */
export type PlainActivation =
  | 'relu'
  | 'relu6'
  | 'elu'
  | 'selu'
  | 'sigmoid'
  | 'hardSigmoid'
  | 'tanh'
  | 'softplus'
  | 'softsign'
  | 'swish'
  | 'gelu'
  | 'gelu_new'
  | 'mish'
  | 'softmax'
  | 'logSoftmax'
  | 'abs'
  | 'erf'
  | 'exp'
  | 'sqrt'
  | 'square';

/** The largest or the average value of each window; padding is never counted. */
export interface Pool {
  readonly kind: 'pool';
  readonly operation: 'max' | 'average';
  readonly size: Pair;
  readonly strides: Pair;
  readonly pad: 'same' | 'valid';
}

/** One number for all values along some axes. */
export interface Reduce {
  readonly kind: 'reduce';
  readonly operation: 'mean' | 'max' | 'min' | 'sum';
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

/** More values around. */
export interface Pad {
  readonly kind: 'pad';
  /** Before and after, for each axis. */
  readonly paddings: readonly Pair[];
  /** A number to fill in, or how to mirror the values inside. */
  readonly fill: number | 'reflect' | 'symmetric';
}

/** How two results or more, broadcast to one shape, are put together, from left to right. */
export type Combination = 'add' | 'subtract' | 'multiply' | 'divide' | 'maximum' | 'minimum';

/** The values `begin + strides i` along each axis, as many as `shape` says. */
export interface Slice {
  readonly kind: 'slice';
  readonly begin: readonly number[];
  readonly strides: readonly number[];
}

/** An image of another size, which `shape` tells. */
export interface Resize {
  readonly kind: 'resize';
  readonly method: 'nearest' | 'bilinear';
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}
