import { convMap, single, transposedConvMap, windowAxis } from '../maps/convMap';
import { denseMap } from '../maps/denseMap';
import { depthwiseMap } from '../maps/depthwiseMap';
import { diagonalMap } from '../maps/diagonalMap';
import type { Axis, Convolution, LinearMap } from '../types';
import { activated } from './activations';
import {
  addNode,
  type Call,
  type Graph,
  imageInput,
  pair,
  type Reader,
  type Sizes,
  sizeOf,
  unsupported,
  type Value,
} from './graph';

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

/** Conv1D and Conv2D. */
export const readConv: Reader = (graph, call) => {
  const [kernel, bias] = call.weights();
  const { input, shape } = imageInput(call);
  const [rows, columns] = slidingAxes(call, shape);
  const map = convMap({ kernel: kernel!, rows, columns, channels: shape[2], filters: call.shape.at(-1)! });
  return activated(graph, call, affine(graph, call, input, map, bias));
};

/** Conv2DTranspose: the transpose of the convolution with the same kernel. */
export const readConvTranspose: Reader = (graph, call) => {
  const [kernel, bias] = call.weights();
  const { input, shape } = imageInput(call);
  const [height, width, channels] = call.shape as [number, number, number];
  const [rows, columns] = slidingAxes(call, [height, width, channels]);
  const convolution = { kernel: kernel!, rows, columns, channels, filters: shape[2] };
  // That of one without strides is a convolution again, and some backends compute it as one.
  const map = rows.stride * columns.stride === 1 ? convMap(turned(convolution)) : transposedConvMap(convolution);
  return activated(graph, call, affine(graph, call, input, map, bias));
};

/** The convolution that is the transpose of one without strides: its window turned around, its channels exchanged. */
function turned({ kernel, rows, columns, channels, filters }: Convolution): Convolution {
  const turn = (axis: Axis): Axis => ({
    ...axis,
    input: axis.output,
    output: axis.input,
    before: axis.window - 1 - axis.before,
  });
  const taps = rows.window * columns.window;
  const values = Float64Array.from(kernel, (_, i) => {
    const [tap, filter, channel] = [
      Math.floor(i / (filters * channels)),
      Math.floor(i / channels) % filters,
      i % channels,
    ];
    return kernel[((taps - 1 - tap) * channels + channel) * filters + filter]!;
  });
  return { kernel: values, rows: turn(rows), columns: turn(columns), channels: filters, filters: channels };
}

/** DepthwiseConv2D. */
export const readDepthwise: Reader = (graph, call) => {
  const [kernel, bias] = call.weights();
  const { input } = imageInput(call);
  return activated(graph, call, affine(graph, call, input, depthwise(call, kernel!), bias));
};

/** SeparableConv2D: a depthwise convolution without bias, then a 1x1 convolution. */
export const readSeparable: Reader = (graph, call) => {
  const [kernel, pointwise, bias] = call.weights();
  const { input } = imageInput(call);
  const [height, width, filters] = call.shape as [number, number, number];
  const map = depthwise(call, kernel!);
  const channels = map.outputSize / (height * width);
  const between = addNode(graph, call, [input], [height, width, channels], { kind: 'affine', map, offset: undefined });
  const mix = convMap({ kernel: pointwise!, rows: single(height), columns: single(width), channels, filters });
  return activated(graph, call, affine(graph, call, between, mix, bias));
};

/** Rescaling: `scale x + offset`. */
export const readRescaling: Reader = (graph, call) => {
  const { scale, offset } = call.config as { scale: number | number[]; offset: number | number[] };
  const input = call.inputs[0]!;
  const map = diagonalMap(Float64Array.from([scale].flat()), sizeOf(input.shape));
  return affine(graph, call, input, map, Float64Array.from([offset].flat()));
};

/** Normalization, as Keras has it, along the last axis: `(x - mean) / max(sqrt(variance), 1e-7)`. */
export const readNormalization: Reader = (graph, call) => {
  const [mean, variance] = call.weights();
  const deviations = variance!.map((v) => Math.max(Math.sqrt(v), 1e-7));
  return normalised(graph, call, {
    factors: deviations.map((deviation) => 1 / deviation),
    shifts: mean!.map((m, c) => -m / deviations[c]!),
    shiftSizes: mean!.map((m, c) => Math.abs(m / deviations[c]!)),
    deviations,
  });
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
  const deviations = variance!.map((v) => Math.sqrt(v + epsilon));
  return normalised(graph, call, { factors, shifts, shiftSizes, deviations });
};

/** What a normalisation multiplies each channel by and adds to it, and what these numbers are made of. */
interface Normalisation {
  readonly factors: Float64Array;
  readonly shifts: Float64Array;
  /** Sizes of what is added up to the shifts. */
  readonly shiftSizes: Float64Array;
  readonly deviations: Float64Array;
}

function normalised(graph: Graph, call: Call, { factors, shifts, shiftSizes, deviations }: Normalisation): Value {
  return addNode(graph, call, call.inputs, call.shape, {
    kind: 'affine',
    map: diagonalMap(factors, sizeOf(call.shape)),
    offset: shifts,
    offsetSizes: shiftSizes,
    deviation: deviations.reduce((most, deviation) => Math.max(most, deviation), 0),
  });
}

/** A node `map(input) + bias`, the bias repeated for every pixel. */
function affine(graph: Graph, call: Call, input: Value, map: LinearMap, bias: Float64Array | undefined): Value {
  return addNode(graph, call, [input], call.shape, { kind: 'affine', map, offset: bias });
}

function depthwise(call: Call, kernel: Float64Array): LinearMap {
  const { shape } = imageInput(call);
  const [, , channels] = shape;
  const [rows, columns] = slidingAxes(call, shape);
  const multiplier = kernel.length / (rows.window * columns.window * channels);
  return depthwiseMap({ kernel, rows, columns, channels, multiplier });
}

/** The two axes of a convolution, from its configuration. */
function slidingAxes(call: Call, [height, width]: readonly [number, number, number]) {
  const { kernelSize, strides, padding, dilationRate } = call.config as {
    kernelSize: Sizes;
    strides: Sizes;
    padding: string;
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
