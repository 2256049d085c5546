import * as tf from '@tensorflow/tfjs-core';
import type { Convolution, Network, NetworkReading, Operation, OperationKind, Padding, Pool } from './types';

/** The result of an operation that has been added: its place, and its shape without the batch axis. */
export interface Result {
  readonly id: number;
  readonly shape: readonly number[];
}

/** Operations gathered one by one. */
export interface Builder {
  readonly input: Result;
  add(name: string, kind: OperationKind, inputs: readonly Result[], shape: readonly number[]): Result;
  finish(result: Result): Network;
}

/** A network of nothing but its input. */
export function builder(name: string, inputShape: readonly number[]): Builder {
  const operations: Operation[] = [];
  const add: Builder['add'] = (name, kind, inputs, shape) => {
    operations.push({ ...kind, name, inputs: inputs.map(({ id }) => id), shape });
    return { id: operations.length - 1, shape };
  };
  return {
    input: add(name, { kind: 'input' }, [], inputShape),
    add,
    finish: ({ id }) => ({ inputShape, operations, output: id }),
  };
}

class Unreadable extends Error {}

/** Ends the reading of a model at a part that cannot be read. */
export function unreadable(part: string): never {
  throw new Unreadable(part);
}

/** Reads a network, or tells where {@link unreadable} ended it. */
export function reading(read: () => Network): NetworkReading {
  try {
    return { network: read() };
  } catch (error) {
    if (error instanceof Unreadable) return { unreadable: error.message };
    throw error;
  }
}

/** Number of entries of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A padding as tfjs takes it. */
export function tfPadding(pad: Padding): 'same' | 'valid' | [[0, 0], [number, number], [number, number], [0, 0]] {
  return typeof pad === 'string' ? pad : [[0, 0], [...pad[0]], [...pad[1]], [0, 0]];
}

/** Shape of an image after a convolution; of a sequence, if the filter is one of sequences. */
export function convolvedShape(shape: readonly number[], convolution: Convolution): readonly number[] {
  const { filter, kind, strides, pad, dilations } = convolution;
  const sequence = filter.rank === 3;
  const image = sequence ? [1, ...shape] : shape;
  const [, ...convolved] = tf.backend_util.computeConv2DInfo(
    [1, ...image] as [number, number, number, number],
    (sequence ? [1, ...filter.shape] : filter.shape) as [number, number, number, number],
    [...strides],
    [...dilations],
    tfPadding(pad),
    undefined,
    kind === 'depthwiseConv2d',
  ).outShape;
  return sequence ? convolved.slice(1) : convolved;
}

/** Shape of an image after a pooling. */
export function pooledShape(shape: readonly number[], { size, strides, pad }: Pool): readonly number[] {
  return tf.backend_util
    .computePool2DInfo([1, ...shape] as [number, number, number, number], [...size], [...strides], 1, pad)
    .outShape.slice(1);
}

/** Shape of an array after its values along some axes have become one. */
export function reducedShape(shape: readonly number[], axes: readonly number[], keepDims: boolean): readonly number[] {
  return shape.flatMap((size, axis) => (!axes.includes(axis) ? [size] : keepDims ? [1] : []));
}
