import * as tf from '@tensorflow/tfjs-core';
import { inputGradient } from '../correctedGradients';
import { averagePool2D, resizedGradient } from '../windowGradients';
import { activationGradient } from './activations';
import { imageOf, imageShape, plain, rowsOf, shaped, slidingOf } from './compute';
import type { FusedStep } from './fuse';
import type { FoldedWeights } from './lines';

/** What the gradient of a step needs of the pass forward. */
export interface Saved {
  readonly inputs: boolean;
  readonly output: boolean;
}

const LINEAR: readonly string[] = [
  ...['conv2d', 'depthwiseConv2d', 'conv2dTranspose', 'dense', 'lines'],
  ...['reshape', 'transpose', 'concat', 'resize'],
];

export function savedBy({ operation, activation }: FusedStep): Saved {
  const output = activation !== undefined;
  const { kind } = operation;
  if (kind === 'pool') return { inputs: operation.operation === 'max', output: operation.operation === 'max' };
  const linear =
    LINEAR.includes(kind) ||
    (kind === 'combine' && ['add', 'subtract'].includes(operation.operation)) ||
    (kind === 'reduce' && ['mean', 'sum'].includes(operation.operation)) ||
    (kind === 'pad' && typeof operation.fill === 'number') ||
    (kind === 'slice' && operation.strides.every((stride) => stride === 1));
  return { inputs: !linear && kind !== 'input', output };
}

/** The two sides of a step on the way back; tensors only where {@link savedBy} says so. */
export interface Seen {
  /** Shapes of the inputs, the batch included. */
  readonly shapes: readonly (readonly number[])[];
  readonly inputs: readonly (tf.Tensor | undefined)[];
  readonly output: tf.Tensor | undefined;
}

/** The gradients by the inputs of a step, from that by its result; no gradient by a weight is ever computed. */
export function gradientsOf(step: FusedStep, weights: FoldedWeights, dy: tf.Tensor, seen: Seen): tf.Tensor[] {
  const { operation, activation } = step;
  const upwards = activation === undefined ? dy : activationGradient(dy, seen.output!, activation);
  const [shape] = seen.shapes as [readonly number[]];
  const zeros = () => tf.zeros([...shape]);
  switch (operation.kind) {
    case 'conv2d':
    case 'depthwiseConv2d': {
      const image = imageShape(shape, operation.filter);
      const out = imageOf(upwards, operation);
      const filter = weights.kernel as tf.Tensor4D;
      const gradient = inputGradient(operation.kind === 'depthwiseConv2d', out, image, filter, slidingOf(operation));
      return [shaped(gradient, shape)];
    }
    case 'conv2dTranspose': {
      const { strides, pad } = operation;
      return [tf.conv2d(upwards as tf.Tensor4D, weights.kernel as tf.Tensor4D, [...strides], pad)];
    }
    case 'dense': {
      const kernel = weights.kernel as tf.Tensor2D;
      return [shaped(tf.matMul(rowsOf(upwards), kernel, false, !operation.transposed), shape)];
    }
    case 'lines': {
      const { factor } = weights;
      return [factor === undefined ? upwards : tf.mul(upwards, factor)];
    }
    case 'pool': {
      const { size, strides, pad } = operation;
      const attrs = { filterSize: [...size], strides: [...strides], pad };
      if (operation.operation === 'average') return [averagePool2D(upwards, zeros(), attrs)];
      return [registered(tf.MaxPool)(upwards, [seen.inputs[0]!, seen.output!], attrs).x!()];
    }
    case 'reshape':
      return [tf.reshape(upwards, [...shape])];
    case 'transpose': {
      const order = [0, ...operation.order.map((axis) => axis + 1)];
      return [
        tf.transpose(
          upwards,
          order.map((_, axis) => order.indexOf(axis)),
        ),
      ];
    }
    case 'concat': {
      const axis = operation.axis + 1;
      return tf.split(
        upwards,
        seen.shapes.map((part) => part[axis]!),
        axis,
      );
    }
    case 'resize': {
      const { method, alignCorners, halfPixelCenters } = operation;
      const kernel = method === 'nearest' ? tf.ResizeNearestNeighbor : tf.ResizeBilinear;
      return [resizedGradient(kernel, upwards, shape, { alignCorners, halfPixelCenters })];
    }
    default:
      return rarer(step, weights, upwards, seen);
  }
}

function rarer(step: FusedStep, weights: FoldedWeights, dy: tf.Tensor, { shapes, inputs }: Seen): tf.Tensor[] {
  const { operation } = step;
  const [shape] = shapes as [readonly number[]];
  if (operation.kind === 'combine') {
    const { operation: how } = operation;
    if (how === 'add') return shapes.map((part) => summedTo(dy, part));
    if (how === 'subtract') return shapes.map((part, i) => summedTo(i === 0 ? dy : tf.neg(dy), part));
    if (how === 'multiply' && inputs.length === 2)
      return shapes.map((part, i) => summedTo(tf.mul(dy, inputs[1 - i]!), part));
  }
  if (operation.kind === 'reduce' && (operation.operation === 'mean' || operation.operation === 'sum')) {
    const axes = operation.axes.map((axis) => axis + 1);
    const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const count = axes.reduce((product, axis) => product * shape[axis]!, 1);
    const each = operation.operation === 'mean' ? tf.div(dy, count) : dy;
    return [
      tf.tile(
        tf.reshape(each, kept),
        shape.map((size, axis) => (axes.includes(axis) ? size : 1)),
      ),
    ];
  }
  if (operation.kind === 'pad' && typeof operation.fill === 'number')
    return [tf.slice(dy, [0, ...operation.paddings.map(([before]) => before)], [...shape])];
  if (operation.kind === 'slice' && operation.strides.every((stride) => stride === 1)) {
    const paddings = operation.begin.map((from, axis): [number, number] => [
      from,
      shape[axis + 1]! - from - step.shape[axis]!,
    ]);
    return [tf.pad(dy, [[0, 0], ...paddings])];
  }
  // By the gradients of tfjs itself, as far as they are right.
  const whole = [shape[0]!, ...step.shape];
  return tf.grads((...parts: tf.Tensor[]) => plain(operation, weights, parts, whole))(inputs as tf.Tensor[], dy);
}

/** The gradient of an operation that is in use at the moment, which may be one that corrects that of tfjs. */
function registered(kernelName: string): tf.GradFunc {
  return tf.getGradient(kernelName)!.gradFunc;
}

/** The sum over what was broadcast from a shape. */
function summedTo(dy: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const missing = dy.rank - shape.length;
  const axes = dy.shape.flatMap((size, axis) => (axis < missing || shape[axis - missing] !== size ? [axis] : []));
  return axes.length === 0 ? tf.clone(dy) : tf.reshape(tf.sum(dy, axes), [...shape]);
}
