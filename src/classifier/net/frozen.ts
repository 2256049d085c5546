import * as tf from '@tensorflow/tfjs-core';
import { inputGradient } from '../correctedGradients';
import { averagePool2D, resizedGradient } from '../windowGradients';
import { activationGradient } from './activations';
import { compute, imageOf, imageShape, plain, rowsOf, shaped, slidingOf } from './compute';
import type { FusedNetwork, FusedStep } from './fuse';
import { type FoldedWeights, foldWeights } from './lines';

/** A network with its weights folded as they were at one moment. Its tensors live until `close`. */
export interface FrozenNetwork {
  /** The result for a batch; every intermediate is freed when its last reader has run. The caller owns it. */
  run(x: tf.Tensor): tf.Tensor;
  /** The same, ready for the way back. */
  pull(x: tf.Tensor): Pull;
  close(): void;
}

/** The result for a batch with what its gradient needs, until `back` or `dispose`. */
export interface Pull {
  /** Lives as long as the rest. */
  readonly result: tf.Tensor;
  /** The gradient by the batch, from that by the result; frees everything on its way. The caller owns it. */
  back(dy: tf.Tensor): tf.Tensor;
  dispose(): void;
}

/** Folds the weights of a network as they are now. */
export function freeze({ steps, output }: FusedNetwork): FrozenNetwork {
  const weights = tf.tidy(() => steps.map((step) => cloned(foldWeights(step))));
  for (const tensor of weights.flatMap(tensorsOf)) tf.keep(tensor);
  const readers = steps.map((_, place) => (place === output ? 1 : 0));
  const held = [...readers];
  for (const [place, step] of steps.entries()) {
    const saved = savedBy(step);
    if (saved.output) held[place]! += 1;
    for (const input of step.inputs) {
      readers[input]! += 1;
      held[input]! += saved.inputs ? 2 : 1;
    }
  }
  return {
    run: (x) => {
      const results = forward(steps, weights, x, readers);
      const result = tf.clone(results.at(output));
      results.dispose();
      return result;
    },
    pull: (x) => {
      const results = forward(steps, weights, x, held);
      return {
        result: results.at(output),
        back: (dy) => backward(steps, weights, results, output, dy),
        dispose: results.dispose,
      };
    },
    close: () => tf.dispose(weights),
  };
}

/** Clones share the numbers of the model's own weights, and keep them if the model is trained meanwhile. */
function cloned(weights: FoldedWeights): FoldedWeights {
  return Object.fromEntries(
    Object.entries(weights).flatMap(([name, tensor]) => (tensor === undefined ? [] : [[name, tf.clone(tensor)]])),
  );
}

function tensorsOf(weights: FoldedWeights): tf.Tensor[] {
  return Object.values(weights).filter((tensor) => tensor !== undefined);
}

/** The results of the steps, each until it has been used as often as was said. */
interface Results {
  at(place: number): tf.Tensor;
  shape(place: number): readonly number[];
  put(place: number, result: tf.Tensor): void;
  used(place: number): void;
  dispose(): void;
}

function resultsOf(uses: readonly number[]): Results {
  const left = [...uses];
  const tensors: tf.Tensor[] = [];
  return {
    at: (place) => tensors[place]!,
    shape: (place) => tensors[place]!.shape,
    put: (place, result) => {
      tensors[place] = result;
    },
    used: (place) => {
      left[place]! -= 1;
      if (left[place] === 0) tensors[place]!.dispose();
    },
    dispose: () => tf.dispose(tensors),
  };
}

function forward(
  steps: readonly FusedStep[],
  weights: readonly FoldedWeights[],
  x: tf.Tensor,
  uses: readonly number[],
): Results {
  const results = resultsOf(uses);
  try {
    for (const [place, step] of steps.entries()) {
      const inputs = step.inputs.map(results.at);
      results.put(
        place,
        tf.tidy(() => (step.operation.kind === 'input' ? tf.clone(x) : compute(step, weights[place]!, inputs))),
      );
      step.inputs.forEach(results.used);
    }
    return results;
  } catch (error) {
    results.dispose();
    throw error;
  }
}

function backward(
  steps: readonly FusedStep[],
  weights: readonly FoldedWeights[],
  results: Results,
  output: number,
  dy: tf.Tensor,
): tf.Tensor {
  const gradients = new Map<number, tf.Tensor>([[output, tf.clone(dy)]]);
  try {
    results.used(output);
    for (let place = steps.length - 1; place > 0; place--) {
      const step = steps[place]!;
      const gradient = gradients.get(place)!;
      const saved = savedBy(step);
      const shapes = step.inputs.map(results.shape);
      const inputs = step.inputs.map((input) => (saved.inputs ? results.at(input) : undefined));
      const seen = { shapes, inputs, output: saved.output ? results.at(place) : undefined };
      const parts = tf.tidy(() =>
        gradientsOf(step, weights[place]!, gradient, seen).map((part) => (part === gradient ? tf.clone(part) : part)),
      );
      gradient.dispose();
      gradients.delete(place);
      for (const [i, input] of step.inputs.entries()) {
        add(gradients, input, parts[i]!);
        if (saved.inputs) results.used(input);
      }
      if (saved.output) results.used(place);
    }
    return gradients.get(0)!;
  } catch (error) {
    tf.dispose([...gradients.values()]);
    throw error;
  } finally {
    results.dispose();
  }
}

function add(gradients: Map<number, tf.Tensor>, place: number, part: tf.Tensor): void {
  const before = gradients.get(place);
  gradients.set(place, before === undefined ? part : tf.add(before, part));
  if (before !== undefined) tf.dispose([before, part]);
}

/** What the gradient of a step needs of the pass forward. */
interface Saved {
  readonly inputs: boolean;
  readonly output: boolean;
}

const LINEAR: readonly string[] = [
  ...['conv2d', 'depthwiseConv2d', 'conv2dTranspose', 'dense', 'lines'],
  ...['reshape', 'transpose', 'concat', 'resize'],
];

function savedBy({ operation, activation }: FusedStep): Saved {
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
interface Seen {
  /** Shapes of the inputs, the batch included. */
  readonly shapes: readonly (readonly number[])[];
  readonly inputs: readonly (tf.Tensor | undefined)[];
  readonly output: tf.Tensor | undefined;
}

/** The gradients by the inputs of a step, from that by its result; no gradient by a weight is ever computed. */
function gradientsOf(step: FusedStep, weights: FoldedWeights, dy: tf.Tensor, seen: Seen): tf.Tensor[] {
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
