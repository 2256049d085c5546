import * as tf from '@tensorflow/tfjs-core';
import { activate, fusedActivation } from './activations';
import { sizeOf, tfPadding } from './build';
import type { FusedOperation, FusedStep } from './fuse';
import type { FoldedWeights } from './lines';
import type { Combination, Convolution, Pair, Reduce, Resize } from './types';

/** The result of a step for a batch: a new tensor. */
export function compute(step: FusedStep, weights: FoldedWeights, inputs: readonly tf.Tensor[]): tf.Tensor {
  const { operation, activation } = step;
  const [x] = inputs as [tf.Tensor];
  const shape = [x.shape[0]!, ...step.shape];
  const fused = fusedActivation(activation);
  if (operation.kind === 'conv2d' || operation.kind === 'depthwiseConv2d' || operation.kind === 'dense') {
    const bias = weights.bias === undefined ? {} : { bias: weights.bias };
    const how = { ...bias, ...(fused ?? { activation: 'linear' as const }) };
    const result = shaped(
      operation.kind === 'dense'
        ? tf.fused.matMul({ a: rowsOf(x), b: weights.kernel!, transposeB: operation.transposed, ...how })
        : (operation.kind === 'conv2d' ? tf.fused.conv2d : tf.fused.depthwiseConv2d)({
            x: imageOf(x, operation),
            filter: weights.kernel as tf.Tensor4D,
            ...slidingOf(operation),
            ...how,
          }),
      shape,
    );
    return fused === undefined ? activate(result, activation!) : result;
  }
  const result = plain(operation, weights, inputs, shape);
  if (activation !== undefined) return activate(result, activation);
  return inputs.includes(result) ? tf.clone(result) : result;
}

/** The result of a step without its activation, by operations of tfjs that have gradients: for steps without weights. */
export function plain(
  operation: FusedOperation,
  { kernel, bias, factor, offset }: FoldedWeights,
  inputs: readonly tf.Tensor[],
  shape: readonly number[],
): tf.Tensor {
  const [x] = inputs as [tf.Tensor];
  switch (operation.kind) {
    case 'lines': {
      const multiplied = factor === undefined ? x : tf.mul(x, factor);
      return offset === undefined ? multiplied : tf.add(multiplied, offset);
    }
    case 'conv2dTranspose': {
      const { strides, pad } = operation;
      const [image, filter, size] = [
        x as tf.Tensor4D,
        kernel as tf.Tensor4D,
        shape as [number, number, number, number],
      ];
      const result = tf.conv2dTranspose(image, filter, size, [...strides], pad);
      return bias === undefined ? result : tf.add(result, bias);
    }
    case 'activation':
      return activate(x, operation.activation);
    case 'pool': {
      const { size, strides, pad } = operation;
      return (operation.operation === 'max' ? tf.maxPool : tf.avgPool)(x as tf.Tensor4D, [...size], [...strides], pad);
    }
    case 'reduce':
      return REDUCTIONS[operation.operation](
        x,
        operation.axes.map((axis) => axis + 1),
        operation.keepDims,
      );
    case 'pad': {
      const paddings: [number, number][] = [[0, 0], ...operation.paddings.map(([a, b]): [number, number] => [a, b])];
      const { fill } = operation;
      return typeof fill === 'number' ? tf.pad(x, paddings, fill) : tf.mirrorPad(x, paddings, fill);
    }
    case 'reshape':
      return tf.reshape(x, [...shape]);
    case 'transpose':
      return tf.transpose(x, [0, ...operation.order.map((axis) => axis + 1)]);
    case 'combine':
      return inputs.slice(1).reduce((all, next) => COMBINATIONS[operation.operation](all, next), x);
    case 'concat':
      return tf.concat([...inputs], operation.axis + 1);
    case 'slice': {
      const { begin, strides } = operation;
      if (strides.every((stride) => stride === 1)) return tf.slice(x, [0, ...begin], [...shape]);
      const end = begin.map((from, axis) => from + strides[axis]! * shape[axis + 1]!);
      // A negative end would be counted from the other side, but for a mask that ignores it.
      const mask = end.reduce((bits, to, axis) => (to < 0 ? bits | (1 << (axis + 1)) : bits), 0);
      return tf.stridedSlice(x, [0, ...begin], [shape[0]!, ...end], [1, ...strides], 0, mask);
    }
    case 'resize': {
      const { method, alignCorners, halfPixelCenters } = operation;
      return RESIZES[method](x as tf.Tensor4D, [shape[1]!, shape[2]!], alignCorners, halfPixelCenters);
    }
    default:
      throw new Error(`No way to compute ${operation.kind}.`);
  }
}

const REDUCTIONS: Readonly<
  Record<Reduce['operation'], (x: tf.Tensor, axes: number[], keepDims: boolean) => tf.Tensor>
> = { mean: tf.mean, max: tf.max, min: tf.min, sum: tf.sum };

const COMBINATIONS: Readonly<Record<Combination, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor>> = {
  ...{ add: tf.add, subtract: tf.sub, multiply: tf.mul, divide: tf.div },
  ...{ maximum: tf.maximum, minimum: tf.minimum },
};

const RESIZES: Readonly<
  Record<
    Resize['method'],
    (x: tf.Tensor4D, size: [number, number], alignCorners: boolean, halfPixelCenters: boolean) => tf.Tensor
  >
> = { nearest: tf.image.resizeNearestNeighbor, bilinear: tf.image.resizeBilinear };

/** The same values in this shape; the tensor itself if it has it. */
export function shaped(x: tf.Tensor, shape: readonly number[]): tf.Tensor {
  return String(x.shape) === String(shape) ? x : tf.reshape(x, [...shape]);
}

/** A batch as the rows of a matrix, the last axis being that of its columns. */
export function rowsOf(x: tf.Tensor): tf.Tensor2D {
  const columns = x.shape.at(-1)!;
  return shaped(x, [sizeOf(x.shape) / columns, columns]) as tf.Tensor2D;
}

/** A batch of images; sequences as images of height 1. */
export function imageOf(x: tf.Tensor, { filter }: Convolution): tf.Tensor4D {
  return shaped(x, imageShape(x.shape, filter)) as tf.Tensor4D;
}

/** The shape of a batch as one of images. */
export function imageShape(shape: readonly number[], filter: tf.Tensor): [number, number, number, number] {
  const [batch, ...rest] = filter.rank === 3 ? [shape[0], 1, ...shape.slice(1)] : shape;
  return [batch, ...rest] as [number, number, number, number];
}

/** How a filter slides, as tfjs takes it. */
export function slidingOf({ strides, pad, dilations }: Convolution) {
  const both = ([rows, columns]: Pair): [number, number] => [rows, columns];
  // The types of tfjs do not know that fused convolutions take explicit padding too.
  const attrs = { strides: both(strides), pad: tfPadding(pad) as 'same', dilations: both(dilations) };
  return { ...attrs, dataFormat: 'NHWC' as const };
}
