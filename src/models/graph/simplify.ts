import * as tf from '@tensorflow/tfjs-core';
import type { Activation, Affine, Network, Operation } from '../../classifier/net/types';

/**
 * The same network in fewer operations, as layers have them: constants of channels after a convolution or a product become part of
 * its weights, one after the other become one, and the bounds of graphs (`min(relu(x), 6)`) become activations. The new
 * weights are the caller's tensors.
 */
export function simplify({ inputShape, operations, output }: Network): Network {
  const made: Operation[] = [];
  const placeOf: number[] = [];
  const readers = new Int32Array(operations.length);
  for (const { inputs } of operations) for (const id of inputs) readers[id]!++;
  readers[output]!++;
  for (const operation of operations) {
    const [id] = operation.inputs;
    const before = id === undefined || readers[id] !== 1 ? undefined : made[placeOf[id]!];
    const merged = before && operation.inputs.length === 1 ? merge(before, operation) : undefined;
    if (merged !== undefined) {
      made[placeOf[id!]!] = merged;
      placeOf.push(placeOf[id!]!);
      continue;
    }
    placeOf.push(made.length);
    made.push({ ...operation, inputs: operation.inputs.map((input) => placeOf[input]!) });
  }
  return { inputShape, operations: made, output: placeOf[output]! };
}

/** One operation that does what two do, the second reading only the first; `undefined` if there is none. */
function merge(first: Operation, second: Operation): Operation | undefined {
  if (second.kind === 'activation' && first.kind === 'activation') {
    const activation = bounded(first.activation, second.activation);
    return activation && { ...first, activation };
  }
  const channels = second.shape.at(-1)!;
  if (second.kind !== 'affine' || !isPerChannel(second, channels)) return undefined;
  switch (first.kind) {
    case 'affine':
      if (!isPerChannel(first, channels)) return undefined;
      // A number for all stays a number, which layers show.
      return { ...second, inputs: first.inputs, ...chained(first, second, channels) };
    case 'conv2d':
    case 'depthwiseConv2d':
    case 'conv2dTranspose': {
      const { factor, offset } = lineOf(second, channels);
      const [high, wide, third, fourth] = [1, 1, ...first.filter.shape].slice(-4) as [number, number, number, number];
      const scaled = {
        conv2d: [1, 1, 1, channels],
        depthwiseConv2d: [1, 1, third, fourth],
        conv2dTranspose: [1, 1, channels, 1],
      }[first.kind];
      const filter = tf.mul(tf.reshape(first.filter, [high, wide, third, fourth]), tf.reshape(factor, scaled));
      return { ...first, filter: tf.reshape(filter, first.filter.shape), bias: biased(first.bias, factor, offset) };
    }
    case 'dense': {
      const { factor, offset } = lineOf(second, channels);
      const scale = tf.reshape(factor, first.transposed ? [channels, 1] : [1, channels]);
      return { ...first, kernel: tf.mul(first.kernel, scale), bias: biased(first.bias, factor, offset) };
    }
    default:
      return undefined;
  }
}

function biased(bias: tf.Tensor | undefined, factor: tf.Tensor, offset: tf.Tensor): tf.Tensor {
  return tf.add(tf.mul(channelVector(bias, factor.size, 0), factor), offset);
}

/** One line after another. */
function chained(first: Operation & { kind: 'affine' }, second: Operation & { kind: 'affine' }, channels: number) {
  const numbers = [first, second].flatMap(({ shift, factor, divisor, offset }) => [shift, factor, divisor, offset]);
  const scalar = numbers.every((number) => typeof number !== 'object' || number.size === 1);
  const [a, b] = [lineOf(first, scalar ? 1 : channels), lineOf(second, scalar ? 1 : channels)];
  const none = { shift: 0, divisor: 1 };
  return { ...none, factor: tf.mul(a.factor, b.factor), offset: tf.add(tf.mul(a.offset, b.factor), b.offset) };
}

/** Two bounds as one, where the second is a bound. */
function bounded(first: Activation, second: Activation): Activation | undefined {
  const [a, b] = [first, second].map(boundsOf);
  if (a === undefined || b === undefined) return undefined;
  // Bounds apart from each other leave one number, which is that of the second.
  const inside = (value: number) => Math.min(b.high, Math.max(b.low, value));
  return { name: 'clip', low: inside(a.low), high: inside(a.high) };
}

/** The box that an activation moves numbers into, if it does nothing else. */
export function boundsOf(activation: Activation): { readonly low: number; readonly high: number } | undefined {
  if (activation.name === 'relu') return { low: 0, high: Number.POSITIVE_INFINITY };
  if (activation.name === 'relu6') return { low: 0, high: 6 };
  return activation.name === 'clip' ? activation : undefined;
}

/** A constant of an {@link Affine}, or that there is none. */
type Constant = tf.Tensor | number | undefined;

/** Whether the constants of an affine operation are the same for all pixels: numbers, or one for each of so many channels. */
export function isPerChannel({ shift, factor, divisor, offset }: Affine, channels: number): boolean {
  return [shift, factor, divisor, offset].every((constant) => {
    if (constant === undefined || typeof constant === 'number' || constant.size === 1) return true;
    return constant.size === channels && constant.shape.at(-1) === channels;
  });
}

/** A constant as a vector with a number for each channel. */
export function channelVector(constant: Constant, channels: number, otherwise: number): tf.Tensor1D {
  const tensor = constant === undefined ? tf.scalar(otherwise) : tf.cast(constant as tf.Tensor, 'float32');
  return tf.mul(tf.ones([channels]), tf.reshape(tensor, [-1]));
}

/** What each channel is multiplied by and what is added to it then. */
function lineOf({ shift, factor, divisor, offset }: Affine, channels: number) {
  const [s, f, d, o] = [
    channelVector(shift, channels, 0),
    channelVector(factor, channels, 1),
    channelVector(divisor, channels, 1),
    channelVector(offset, channels, 0),
  ];
  const steepness = tf.div(f, d) as tf.Tensor1D;
  return { factor: steepness, offset: tf.sub(o, tf.mul(s, steepness)) as tf.Tensor1D };
}
