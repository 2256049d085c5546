import { show } from '../../core/check';
import { sparseMap } from '../maps/sparseMap';
import { addNode, type Call, type Graph, type Reader, sizeOf, unsupported, type Value } from './graph';

/** The value after the layer's own `activation`: none, ReLU, ReLU6, or a softmax that is left out at the end. */
export function activated(graph: Graph, call: Call, value: Value): Value {
  const { activation } = call.config;
  if (activation === undefined || activation === null || activation === 'linear') return value;
  if (activation === 'relu') return relu(graph, call, value, Number.POSITIVE_INFINITY);
  if (activation === 'relu6') return relu(graph, call, value, 6);
  if (activation === 'softmax' && call.last) return value;
  if (activation === 'sigmoid' && call.last && sizeOf(value.shape) === 1) return afterZero(graph, call, value);
  return unsupported(
    call,
    'activations that are piecewise linear (linear, relu, relu6), or at the very end a softmax or a single sigmoid unit',
    `, whose activation is ${show(activation)}`,
  );
}

/** Activation. */
export const readActivation: Reader = (graph, call) => activated(graph, call, call.inputs[0]!);

/** Softmax: left out at the end of the model. */
export const readSoftmax: Reader = (_, call) =>
  call.last ? call.inputs[0]! : unsupported(call, 'a softmax nowhere but at the very end');

/** ReLU, with or without a largest value. */
export const readRelu: Reader = (graph, call) =>
  relu(graph, call, call.inputs[0]!, Number(call.config.maxValue ?? Number.POSITIVE_INFINITY));

/** LeakyReLU: slope `alpha` below zero. */
export const readLeakyRelu: Reader = (graph, call) => {
  const alpha = Number(call.config.alpha);
  return leaky(graph, call, () => alpha);
};

/** PReLU: a slope below zero for each entry, shared along some axes. */
export const readPrelu: Reader = (graph, call) => {
  const [alpha] = call.weights();
  const { shape } = call.inputs[0]!;
  const shared = [call.config.sharedAxes ?? []].flat() as number[];
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const alphaShape = shape.map((size, axis) => (shared.includes(axis + 1) ? 1 : size));
  const place = (i: number) =>
    shape.reduce((at, size, axis) => {
      const entry = Math.floor(i / strides[axis]!) % size;
      return at * alphaShape[axis]! + (alphaShape[axis] === 1 ? 0 : entry);
    }, 0);
  return leaky(graph, call, (i) => alpha![place(i)]!);
};

function relu(graph: Graph, call: Call, value: Value, most: number): Value {
  const capped = Number.isFinite(most);
  const size = sizeOf(value.shape);
  const repeat = (pieces: number[]) =>
    Float64Array.from({ length: size * pieces.length }, (_, i) => pieces[i % pieces.length]!);
  const slopes = repeat(capped ? [0, 1, 0] : [0, 1]);
  const intercepts = repeat(capped ? [0, 0, most] : [0, 0]);
  const thresholds = capped ? [0, most] : [0];
  const pieces = thresholds.length + 1;
  return addNode(graph, call, [value], value.shape, { kind: 'kink', thresholds, pieces, slopes, intercepts });
}

function leaky(graph: Graph, call: Call, slopeOf: (i: number) => number): Value {
  const input = call.inputs[0]!;
  const slopes = Float64Array.from({ length: 2 * sizeOf(input.shape) }, (_, i) => (i % 2 === 1 ? 1 : slopeOf(i / 2)));
  const intercepts = new Float64Array(slopes.length);
  return addNode(graph, call, [input], input.shape, { kind: 'kink', thresholds: [0], pieces: 2, slopes, intercepts });
}

/** The logits 0 and z of the two classes that a single sigmoid unit tells apart. */
function afterZero(graph: Graph, call: Call, value: Value): Value {
  const map = sparseMap(1, 2, { rows: [1], columns: [0], values: [1] });
  return addNode(graph, call, [value], [2], { kind: 'affine', map, offset: undefined });
}
