import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from './build';
import type { FusedStep, Line } from './fuse';
import type { Convolution, Dense, TransposedConvolution } from './types';

/** `factor x + offset`, where nothing stands for 1 and 0. */
type Scaling = { factor?: tf.Tensor | undefined; offset?: tf.Tensor | undefined };

/** The weights of a step as its kernel takes them: of convolutions and products, or of lines. */
export type FoldedWeights = Scaling & { kernel?: tf.Tensor | undefined; bias?: tf.Tensor | undefined };

type Product = Convolution | TransposedConvolution | Dense;

/** The weights of a step with all lines folded in, from what the weights of the model are now; some may be the model's own. */
export function foldWeights({ operation, before, after, shape }: FusedStep): FoldedWeights {
  if (operation.kind === 'lines') return scalingOf(operation.lines);
  if (!('filter' in operation || 'kernel' in operation)) return {};
  const raw = 'filter' in operation ? operation.filter : operation.kernel;
  // A filter of sequences is one of images of height 1.
  const kernel = 'filter' in operation && raw.rank === 3 ? tf.reshape(raw, [1, ...raw.shape]) : raw;
  const seen = beforeProduct(operation, { kernel, bias: operation.bias }, scalingOf(before));
  return afterProduct(operation, seen, scalingOf(after), shape.at(-1)!);
}

/** One line after the other as one. */
function scalingOf(lines: readonly Line[]): Scaling {
  return lines.map(lineScaling).reduce<Scaling>(
    (first, then) => ({
      factor: product(first.factor, then.factor),
      offset: sum(scaled(first.offset, then.factor), then.offset),
    }),
    {},
  );
}

function lineScaling(line: Line): Scaling {
  if (line.kind === 'batchNorm') {
    const { mean, variance, scale, offset, epsilon } = line;
    const factor = tf.div(scale ?? 1, tf.sqrt(tf.add(variance, epsilon)));
    return { factor, offset: tf.sub(offset ?? 0, tf.mul(mean, factor)) };
  }
  const { shift, factor, divisor, offset } = line;
  const whole = divisor === undefined ? tensorOf(factor) : tf.div(factor ?? 1, divisor);
  const shifted = shift === undefined ? undefined : scaled(tf.neg(shift), whole);
  return { factor: whole, offset: sum(shifted, tensorOf(offset)) };
}

function tensorOf(part: tf.Tensor | number | undefined): tf.Tensor | undefined {
  return typeof part === 'number' ? tf.scalar(part) : part;
}

/** Of factors, where nothing stands for 1. */
function product(a: tf.Tensor | undefined, b: tf.Tensor | undefined): tf.Tensor | undefined {
  return a === undefined ? b : scaled(a, b);
}

/** A number times a factor, where nothing stands for 0 and for 1. */
function scaled(a: tf.Tensor | undefined, factor: tf.Tensor | undefined): tf.Tensor | undefined {
  return a === undefined || factor === undefined ? a : tf.mul(a, factor);
}

function sum(a: tf.Tensor | undefined, b: tf.Tensor | undefined): tf.Tensor | undefined {
  return a === undefined ? b : b === undefined ? a : tf.add(a, b);
}

type Weights = { kernel: tf.Tensor; bias: tf.Tensor | undefined };

/** `K (f x + o) + b = (K f) x + (K o + b)`, along the axis of the kernel that reads channels. */
function beforeProduct(operation: Product, { kernel, bias }: Weights, { factor, offset }: Scaling): Weights {
  const axis = operation.kind === 'dense' ? (operation.transposed ? 1 : 0) : 2;
  const along = (channels: tf.Tensor) => alongAxis(channels, axis, kernel.rank);
  const depthwise = operation.kind === 'depthwiseConv2d';
  const axes = depthwise ? [0, 1] : operation.kind === 'dense' ? [axis] : [0, 1, 2];
  const constant = offset && tf.reshape(tf.sum(tf.mul(kernel, along(offset)), axes), [-1]);
  return { kernel: factor === undefined ? kernel : tf.mul(kernel, along(factor)), bias: sum(constant, bias) };
}

/** `f (K x + b) + o = (f K) x + (f b + o)`, along the axis of the kernel that makes channels. */
function afterProduct(
  operation: Product,
  { kernel, bias }: Weights,
  { factor, offset }: Scaling,
  channels: number,
): Weights {
  const whole = sum(scaled(bias, factor && flat(factor)), offset && flat(offset));
  // A kernel takes one number for each channel.
  const folded =
    whole && (whole.size === channels ? tf.reshape(whole, [channels]) : tf.add(tf.zeros([channels]), whole));
  if (factor === undefined) return { kernel, bias: folded };
  if (operation.kind === 'depthwiseConv2d' && sizeOf(factor.shape) > 1) {
    const [, , ins, multiplier] = kernel.shape as [number, number, number, number];
    return { kernel: tf.mul(kernel, tf.reshape(factor, [1, 1, ins, multiplier])), bias: folded };
  }
  const axis =
    operation.kind === 'dense' ? (operation.transposed ? 0 : 1) : operation.kind === 'conv2dTranspose' ? 2 : 3;
  return { kernel: tf.mul(kernel, alongAxis(factor, axis, kernel.rank)), bias: folded };
}

/** One number, or one for each channel, as a tensor that is broadcast along the other axes. */
function alongAxis(channels: tf.Tensor, axis: number, rank: number): tf.Tensor {
  const shape = Array<number>(rank).fill(1);
  shape[axis] = channels.size;
  return tf.reshape(channels, shape);
}

function flat(tensor: tf.Tensor): tf.Tensor {
  return tf.reshape(tensor, [-1]);
}
