import * as tf from '@tensorflow/tfjs-core';
import { layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Activation, Convolution, Operation, Pad, Pair, Reduce } from '../../classifier/net/types';
import type { Layer } from '../../classifier/walkGraph';
import { readNow } from '../../core/readNow';
import { boundsOf, channelVector, isPerChannel } from './simplify';

/** What an operation needs to become layers. */
export interface Making {
  /** The results that it reads. */
  readonly inputs: readonly SymbolicTensor[];
  /** Their shapes without the batch axis. */
  readonly shapes: readonly (readonly number[])[];
  /** What is computed by the layer itself after its sum. */
  readonly activation?: string | undefined;
  /** The result of a new layer on such results, with such weights. */
  apply(layer: Layer, x: SymbolicTensor | readonly SymbolicTensor[], weights?: tf.Tensor[]): SymbolicTensor;
  /** A name for a layer that no other has: that of the node, with something after it if there are several of one node. */
  name(what?: string): string;
  /** Ends the work, since no layer does that. */
  refuse(why: string): never;
}

/** Weights are written over at once. */
const ZEROS = { kernelInitializer: 'zeros', depthwiseInitializer: 'zeros', biasInitializer: 'zeros' } as const;

/** The layers of an operation. */
export function layerOf(operation: Operation, making: Making): SymbolicTensor {
  const { inputs, name, refuse } = making;
  const [x] = inputs as [SymbolicTensor];
  switch (operation.kind) {
    case 'input':
      return refuse('as a second input');
    case 'conv2d':
    case 'depthwiseConv2d':
      return convolution(operation, making);
    case 'conv2dTranspose': {
      const { filter, bias, strides, pad } = operation;
      const [height, width, filters] = filter.shape as [number, number, number, number];
      const sliding = { kernelSize: [height, width], strides: [...strides], padding: pad };
      const layer = layers.conv2dTranspose({
        filters,
        ...sliding,
        useBias: bias !== undefined,
        ...activated(making),
        name: name(),
      });
      const made = making.apply(layer, x, withBias(filter, bias));
      return String(layer.outputShape.slice(1)) === String(operation.shape) ? made : refuse('to a size of its own');
    }
    case 'dense': {
      const { kernel, transposed, bias } = operation;
      const units = kernel.shape[transposed ? 0 : 1]!;
      const layer = layers.dense({ units, useBias: bias !== undefined, ...ZEROS, ...activated(making), name: name() });
      return making.apply(layer, x, withBias(transposed ? tf.transpose(kernel) : kernel, bias));
    }
    case 'batchNorm': {
      const { mean, variance, scale, offset, epsilon } = operation;
      const layer = layers.batchNormalization({ epsilon, name: name() });
      return making.apply(layer, x, [scale ?? tf.onesLike(mean), offset ?? tf.zerosLike(mean), mean, variance]);
    }
    case 'affine':
      return affine(operation, making);
    case 'activation':
      return activation(operation.activation, making);
    case 'pool': {
      const options = { poolSize: pair(operation.size), strides: pair(operation.strides), padding: operation.pad };
      const pooling = operation.operation === 'max' ? layers.maxPooling2d : layers.averagePooling2d;
      return making.apply(pooling({ ...options, name: name() }), x);
    }
    case 'reduce':
      return reduction(operation, making);
    case 'pad':
      return padding(operation, making);
    case 'reshape':
      return reshaped(making, x, operation.shape, name());
    case 'transpose':
      return making.apply(layers.permute({ dims: operation.order.map((axis) => axis + 1), name: name() }), x);
    case 'concat':
      return making.apply(layers.concatenate({ axis: operation.axis + 1, name: name() }), inputs);
    case 'combine': {
      if (operation.operation === 'divide') return refuse('a quotient of two results');
      if (operation.operation === 'subtract') {
        const [first, ...others] = inputs;
        const negative = others.map((other, i) =>
          making.apply(layers.rescaling({ scale: -1, name: name(`minus_${i + 1}`) }), other),
        );
        return making.apply(layers.add({ name: name() }), [first!, ...negative]);
      }
      const { add, multiply, maximum, minimum } = layers;
      return making.apply({ add, multiply, maximum, minimum }[operation.operation]({ name: name() }), inputs);
    }
    case 'slice': {
      const [before] = making.shapes as [readonly number[]];
      const { begin, strides, shape } = operation;
      const after = before.map((size, axis) => size - begin[axis]! - shape[axis]!);
      if (before.length !== 3 || strides.some((stride) => stride !== 1) || begin[2] !== 0 || after[2] !== 0)
        return refuse('a part of something else than the rows and columns of an image');
      const cropping: [Pair, Pair] = [
        [begin[0]!, after[0]!],
        [begin[1]!, after[1]!],
      ];
      return making.apply(layers.cropping2D({ cropping: mutable(cropping), name: name() }), x);
    }
    case 'resize': {
      const [[height, width]] = making.shapes as [[number, number, number]];
      const size: Pair = [operation.shape[0]! / height, operation.shape[1]! / width];
      const { method, alignCorners, halfPixelCenters } = operation;
      if (!size.every(Number.isInteger) || alignCorners || (method === 'bilinear' && halfPixelCenters))
        return refuse('another resizing than by whole numbers, without aligned corners and centres between pixels');
      return making.apply(layers.upSampling2d({ size: pair(size), interpolation: method, name: name() }), x);
    }
  }
}

function convolution(operation: Operation & Convolution, making: Making): SymbolicTensor {
  const { kind, filter, bias, strides, pad, dilations } = operation;
  const { inputs, name, refuse } = making;
  const sequence = filter.rank === 3;
  if (sequence) return refuse('of sequences');
  const padded =
    typeof pad === 'string'
      ? inputs[0]!
      : making.apply(layers.zeroPadding2d({ padding: mutable(pad), name: name('pad') }), inputs[0]!);
  const [height, width, , last] = filter.shape as [number, number, number, number];
  const options = {
    kernelSize: [height, width] as [number, number],
    strides: pair(strides),
    padding: typeof pad === 'string' ? pad : ('valid' as const),
    useBias: bias !== undefined,
    ...ZEROS,
    ...activated(making),
  };
  if (kind === 'conv2d') {
    const layer = layers.conv2d({ filters: last, dilationRate: pair(dilations), ...options, name: name() });
    return making.apply(layer, padded, withBias(filter, bias));
  }
  // tfjs-layers 4.22 takes a dilation rate here and ignores it.
  if (dilations.some((dilation) => dilation !== 1)) return refuse('a depthwise convolution with dilation');
  const layer = layers.depthwiseConv2d({ depthMultiplier: last, ...options, name: name() });
  return making.apply(layer, padded, withBias(filter, bias));
}

/** Numbers for all entries are a Rescaling; numbers for each channel a batch normalisation that is never trained. */
function affine(operation: Operation & { kind: 'affine' }, making: Making): SymbolicTensor {
  const { inputs, name, refuse } = making;
  const { shift, factor, divisor, offset } = operation;
  const channels = operation.shape.at(-1) ?? 1;
  if (!isPerChannel(operation, channels)) return refuse('constants that differ between pixels');
  const [s, f, d, o] = [numberOf(shift, 0), numberOf(factor, 1), numberOf(divisor, 1), numberOf(offset, 0)];
  if (s !== undefined && f !== undefined && d !== undefined && o !== undefined)
    return making.apply(layers.rescaling({ scale: f / d, offset: o - (s * f) / d, name: name() }), inputs[0]!);
  const vector = (constant: Parameters<typeof channelVector>[0], otherwise: number) =>
    channelVector(constant, channels, otherwise);
  const gamma = tf.div(vector(factor, 1), vector(divisor, 1));
  const layer = layers.batchNormalization({ epsilon: 0, trainable: false, name: name() });
  return making.apply(layer, inputs[0]!, [gamma, vector(offset, 0), vector(shift, 0), tf.ones([channels])]);
}

/** A constant that is one number and can be read. */
function numberOf(constant: tf.Tensor | number | undefined, otherwise: number): number | undefined {
  if (constant === undefined) return otherwise;
  if (typeof constant === 'number') return constant;
  return constant.size === 1 ? readNow(constant)?.[0] : undefined;
}

function activation(activation: Activation, making: Making): SymbolicTensor {
  const { inputs, shapes, name, refuse } = making;
  const [x] = inputs as [SymbolicTensor];
  const bounds = boundsOf(activation);
  if (bounds !== undefined) return clipped(making, bounds);
  switch (activation.name) {
    case 'clip':
      return refuse('such bounds');
    case 'leakyRelu':
      return making.apply(layers.leakyReLU({ alpha: activation.alpha, name: name() }), x);
    case 'thresholdedRelu':
      return making.apply(layers.thresholdedReLU({ theta: activation.theta, name: name() }), x);
    case 'softmax':
      return making.apply(layers.softmax({ axis: -1, name: name() }), x);
    case 'square':
      return making.apply(layers.multiply({ name: name() }), [x, x]);
    case 'prelu': {
      const [shape] = shapes as [readonly number[]];
      const sizes = [...shape.map(() => 1), ...activation.alpha.shape].slice(-shape.length);
      const sharedAxes = sizes.flatMap((size, axis) => (size === 1 && shape[axis] !== 1 ? [axis + 1] : []));
      const layer = layers.prelu({ alphaInitializer: 'zeros', sharedAxes, name: name() });
      return making.apply(layer, x, [tf.reshape(activation.alpha, sizes)]);
    }
    case 'abs':
    case 'erf':
    case 'exp':
    case 'sqrt':
      return refuse(`the function ${activation.name}`);
    default:
      // The types of tfjs-layers leave out logSoftmax.
      return making.apply(layers.activation({ activation: activation.name as 'softmax', name: name() }), x);
  }
}

/** Numbers moved into a box: a ReLU, turned around or moved where it is not the box of one. */
function clipped(making: Making, { low, high }: { readonly low: number; readonly high: number }): SymbolicTensor {
  const { inputs, name } = making;
  const [x] = inputs as [SymbolicTensor];
  const moved = (by: SymbolicTensor, scale: number, offset: number, what: string) =>
    making.apply(layers.rescaling({ scale, offset, name: name(what) }), by);
  if (low === Number.NEGATIVE_INFINITY) {
    const below = making.apply(layers.reLU({ name: name() }), moved(x, -1, high, 'below'));
    return moved(below, -1, high, 'back');
  }
  const from = low === 0 ? x : moved(x, 1, -low, 'above');
  const capped = making.apply(
    layers.reLU({ ...(high === Number.POSITIVE_INFINITY ? {} : { maxValue: high - low }), name: name() }),
    from,
  );
  return low === 0 ? capped : moved(capped, 1, low, 'back');
}

function reduction(operation: Operation & Reduce, making: Making): SymbolicTensor {
  const { inputs, shapes, name, refuse } = making;
  const [shape] = shapes as [readonly number[]];
  const all = shape.slice(0, -1).map((_, axis) => axis);
  if (
    operation.operation === 'min' ||
    String([...operation.axes].sort()) !== String(all) ||
    ![2, 3].includes(shape.length)
  )
    return refuse('another reduction than the mean, maximum or sum over all pixels');
  const images = shape.length === 3;
  const largest = images ? layers.globalMaxPooling2d : layers.globalMaxPooling1d;
  const average = images ? layers.globalAveragePooling2d : layers.globalAveragePooling1d;
  const pooling = operation.operation === 'max' ? largest : average;
  const pooled = making.apply(pooling({ name: name() }), inputs[0]!);
  const pixels = shape.slice(0, -1).reduce((a, b) => a * b, 1);
  const summed =
    operation.operation === 'sum'
      ? making.apply(layers.rescaling({ scale: pixels, name: name('sum') }), pooled)
      : pooled;
  return operation.keepDims ? reshaped(making, summed, operation.shape, name('reshape')) : summed;
}

function padding({ paddings, fill }: Operation & Pad, making: Making): SymbolicTensor {
  const { inputs, name, refuse } = making;
  const [rows, columns, channels] = paddings;
  if (paddings.length !== 3 || fill !== 0 || channels!.some((size) => size !== 0))
    return refuse('other padding than zeros around an image');
  return making.apply(layers.zeroPadding2d({ padding: mutable([rows!, columns!]), name: name() }), inputs[0]!);
}

function reshaped(making: Making, x: SymbolicTensor, shape: readonly number[], name: string): SymbolicTensor {
  return making.apply(
    shape.length === 1 ? layers.flatten({ name }) : layers.reshape({ targetShape: [...shape], name }),
    x,
  );
}

function activated({ activation: name }: Making) {
  return name === undefined ? {} : { activation: name as 'relu' };
}

function withBias(kernel: tf.Tensor, bias: tf.Tensor | undefined): tf.Tensor[] {
  return bias === undefined ? [kernel] : [kernel, tf.reshape(bias, [-1])];
}

function pair([a, b]: Pair): [number, number] {
  return [a, b];
}

function mutable([rows, columns]: readonly [Pair, Pair]): [[number, number], [number, number]] {
  return [pair(rows), pair(columns)];
}
