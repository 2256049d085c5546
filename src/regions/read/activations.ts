import { show } from '../../core/check';
import { selectMap, sourcesByAxis } from '../maps/selectMap';
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
export const readLeakyRelu: Reader = (graph, call) => leaky(graph, call, Float64Array.of(Number(call.config.alpha)));

/** PReLU: a slope below zero for each entry, shared along some axes. */
export const readPrelu: Reader = (graph, call) => {
  const [alpha] = call.weights();
  const { shape } = call.inputs[0]!;
  const shared = [call.config.sharedAxes ?? []].flat() as number[];
  const alphaShape = shape.map((size, axis) => (shared.includes(axis + 1) ? 1 : size));
  const tables = shape.map((size, axis) => {
    const step = alphaShape[axis] === 1 ? 0 : sizeOf(alphaShape.slice(axis + 1));
    return Int32Array.from({ length: size }, (_, i) => i * step);
  });
  // Along the axes before the first that is not shared, the slopes repeat by themselves.
  const own = alphaShape.findIndex((size) => size > 1);
  const places = sourcesByAxis(own < 0 ? [] : tables.slice(own));
  return leaky(
    graph,
    call,
    Float64Array.from(places, (place) => alpha![place]!),
  );
};

function relu(graph: Graph, call: Call, value: Value, most: number): Value {
  return kink(graph, call, value, Number.isFinite(most) ? [0, most] : [0], {
    slopes: Float64Array.from(Number.isFinite(most) ? [0, 1, 0] : [0, 1]),
    intercepts: Float64Array.from(Number.isFinite(most) ? [0, 0, most] : [0, 0]),
  });
}

/** Slope 1 above zero and the given ones below, which repeat along the value. */
function leaky(graph: Graph, call: Call, below: Float64Array): Value {
  const slopes = Float64Array.from({ length: 2 * below.length }, (_, i) => (i % 2 === 1 ? 1 : below[i / 2]!));
  return kink(graph, call, call.inputs[0]!, [0], { slopes, intercepts: new Float64Array(slopes.length) });
}

function kink(
  graph: Graph,
  call: Call,
  value: Value,
  thresholds: readonly number[],
  lines: { readonly slopes: Float64Array; readonly intercepts: Float64Array },
): Value {
  const pieces = thresholds.length + 1;
  const period = lines.slopes.length / pieces;
  return addNode(graph, call, [value], value.shape, { kind: 'kink', thresholds, pieces, period, ...lines });
}

/** The logits 0 and z of the two classes that a single sigmoid unit tells apart. */
function afterZero(graph: Graph, call: Call, value: Value): Value {
  const map = selectMap(1, Int32Array.of(-1, 0));
  return addNode(graph, call, [value], [2], { kind: 'affine', map, offset: undefined });
}
