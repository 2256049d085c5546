import { convMap } from '../maps/convMap';
import { denseMap } from '../maps/denseMap';
import { sparseMap } from '../maps/sparseMap';
import { seen, windowAxis } from '../maps/window';
import type { LinearMap } from '../types';
import { activated } from './activationLayers';
import { addNode, type Call, type Graph, imageInput, type Reader, sizeOf, unsupported, type Value } from './graph';

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
    axis: number;
    center: boolean;
    scale: boolean;
    epsilon: number;
  };
  const input = call.inputs[0]!;
  // On another axis tfjs itself takes the wrong entries of mean and variance on some backends.
  if (axis !== -1 && axis !== input.shape.length) unsupported(call, 'batch normalisation over the last axis');
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
