import { show } from '../../core/check';
import { convMap, seen, windowAxis } from '../maps/convMap';
import { denseMap } from '../maps/denseMap';
import { sparseMap } from '../maps/sparseMap';
import type { LinearMap } from '../types';
import { addNode, type Call, type Graph, imageInput, type Reader, sizeOf, unsupported, type Value } from './graph';

/** The value after the layer's own `activation`: none, ReLU, ReLU6, or a softmax that is left out at the end. */
function activated(graph: Graph, call: Call, value: Value): Value {
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

/** Dense: acts on the last axis, so that more axes before it make it a 1x1 convolution. */
export const readDense: Reader = (graph, call) => {
  const [kernel, bias] = call.weights();
  const input = call.inputs[0]!;
  const units = call.shape.at(-1)!;
  const channels = input.shape.at(-1)!;
  const positions = sizeOf(input.shape) / channels;
  const map =
    positions === 1
      ? denseMap(kernel!, channels, units)
      : convMap({ kernel: kernel!, rows: single(positions), columns: single(1), channels, filters: units });
  return activated(graph, call, affine(graph, call, input, map, bias));
};

/** Conv2D. */
export const readConv2d: Reader = (graph, call) => {
  const [kernel, bias] = call.weights();
  const { input, shape } = imageInput(call);
  const [rows, columns] = slidingAxes(call, shape);
  const map = convMap({ kernel: kernel!, rows, columns, channels: shape[2], filters: call.shape[2]! });
  return activated(graph, call, affine(graph, call, input, map, bias));
};

/** DepthwiseConv2D. */
export const readDepthwise: Reader = (graph, call) => {
  const [kernel, bias] = call.weights();
  const { input } = imageInput(call);
  return activated(graph, call, affine(graph, call, input, depthwiseMap(call, kernel!), bias));
};

/** SeparableConv2D: a depthwise convolution without bias, then a 1x1 convolution. */
export const readSeparable: Reader = (graph, call) => {
  const [depthwise, pointwise, bias] = call.weights();
  const { input } = imageInput(call);
  const [height, width, filters] = call.shape as [number, number, number];
  const map = depthwiseMap(call, depthwise!);
  const channels = map.outputSize / (height * width);
  const between = addNode(graph, call, [input], [height, width, channels], { kind: 'affine', map, offset: undefined });
  const mix = convMap({ kernel: pointwise!, rows: single(height), columns: single(width), channels, filters });
  return activated(graph, call, affine(graph, call, between, mix, bias));
};

/** BatchNormalization as it acts at inference: `gamma (x - mean) / sqrt(variance + epsilon) + beta`. */
export const readBatchNorm: Reader = (graph, call) => {
  const { axis, center, scale, epsilon } = call.config as {
    axis: number | [number];
    center: boolean;
    scale: boolean;
    epsilon: number;
  };
  const input = call.inputs[0]!;
  // Keras 2 saves the axis as a list of one. On another axis tfjs itself takes the wrong entries of mean and variance on some backends.
  if (Number(axis) !== -1 && Number(axis) !== input.shape.length)
    unsupported(call, 'batch normalisation over the last axis');
  const weights = [...call.weights()];
  const gamma = scale ? weights.shift() : undefined;
  const beta = center ? weights.shift() : undefined;
  const [mean, variance] = weights;
  const factors = mean!.map((_, c) => (gamma?.[c] ?? 1) / Math.sqrt(variance![c]! + epsilon));
  const shifts = mean!.map((m, c) => (beta?.[c] ?? 0) - factors[c]! * m);
  const shiftSizes = mean!.map((m, c) => Math.abs(beta?.[c] ?? 0) + Math.abs(factors[c]! * m));
  const entries = [...Array(sizeOf(input.shape)).keys()];
  const values = entries.map((i) => factors[i % factors.length]!);
  const map = sparseMap(entries.length, entries.length, { rows: entries, columns: entries, values });
  const offsetSizes = repeated(shiftSizes, map.outputSize);
  return addNode(graph, call, [input], call.shape, {
    kind: 'affine',
    map,
    offset: repeated(shifts, map.outputSize),
    offsetSizes,
    deviation: variance!.reduce((most, v) => Math.max(most, Math.sqrt(v + epsilon)), 0),
  });
};

/** A node `map(input) + bias`, the bias repeated for every pixel. */
function affine(graph: Graph, call: Call, input: Value, map: LinearMap, bias: Float64Array | undefined): Value {
  const offset = bias && repeated(bias, map.outputSize);
  return addNode(graph, call, [input], call.shape, { kind: 'affine', map, offset });
}

/** Values of channels for every pixel. */
function repeated(values: Float64Array, size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => values[i % values.length]!);
}

function depthwiseMap(call: Call, kernel: Float64Array) {
  const [, , channels] = call.inputs[0]!.shape as [number, number, number];
  const [rows, columns] = slidingAxes(call, imageInput(call).shape);
  const multiplier = kernel.length / (rows.window * columns.window * channels);
  const filters = channels * multiplier;
  const entries = { rows: [] as number[], columns: [] as number[], values: [] as number[] };
  for (let oy = 0; oy < rows.output; oy++)
    for (let ox = 0; ox < columns.output; ox++)
      for (let wy = 0; wy < rows.window; wy++)
        for (let wx = 0; wx < columns.window; wx++) {
          const [iy, ix] = [seen(rows, oy, wy), seen(columns, ox, wx)];
          if (iy < 0 || ix < 0) continue;
          for (let filter = 0; filter < filters; filter++) {
            entries.rows.push((oy * columns.output + ox) * filters + filter);
            entries.columns.push((iy * columns.input + ix) * channels + Math.floor(filter / multiplier));
            entries.values.push(kernel[(wy * columns.window + wx) * filters + filter]!);
          }
        }
  return sparseMap(sizeOf(call.inputs[0]!.shape), rows.output * columns.output * filters, entries);
}

/** The two axes of a convolution, from its configuration. */
function slidingAxes(call: Call, [height, width]: readonly [number, number, number]) {
  const { kernelSize, strides, padding, dilationRate } = call.config as {
    kernelSize: Sizes;
    strides: Sizes;
    padding: 'same' | 'valid';
    dilationRate?: Sizes;
  };
  const [windowY, windowX] = pair(kernelSize);
  const [strideY, strideX] = pair(strides);
  // tfjs-layers 4.22 lets a DepthwiseConv2D have a dilation rate and ignores it.
  const [dilateY, dilateX] = pair(call.className === 'DepthwiseConv2D' ? 1 : (dilationRate ?? 1));
  return [
    windowAxis(height, windowY, strideY, padding, dilateY),
    windowAxis(width, windowX, strideX, padding, dilateX),
  ] as const;
}

/** One size for both axes, or one for each. */
type Sizes = number | readonly [number, number];

function pair(sizes: Sizes): readonly [number, number] {
  return typeof sizes === 'number' ? [sizes, sizes] : sizes;
}

/** An axis along which every entry is treated by itself. */
function single(length: number) {
  return windowAxis(length, 1, 1, 'valid');
}
