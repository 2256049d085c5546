import { seen, windowAxis } from '../maps/convMap';
import { sparseMap } from '../maps/sparseMap';
import { addNode, type Call, type Graph, imageInput, type Reader, sizeOf, unsupported, type Value } from './graph';

/** For every entry of the result, the entries of the input that are pooled into it. */
type Groups = readonly (readonly number[])[];

/** MaxPooling2D: padding never wins. */
export const readMaxPooling: Reader = (graph, call) => largest(graph, call, windows(call));

/** AveragePooling2D: padding does not count, so a window at the border averages fewer entries. */
export const readAveragePooling: Reader = (graph, call) => average(graph, call, windows(call));

/** GlobalMaxPooling1D and 2D. */
export const readGlobalMax: Reader = (graph, call) => largest(graph, call, channels(call));

/** GlobalAveragePooling1D and 2D. */
export const readGlobalAverage: Reader = (graph, call) => average(graph, call, channels(call));

function largest(graph: Graph, call: Call, groups: Groups): Value {
  const starts = new Int32Array(groups.length + 1);
  for (const [g, { length }] of groups.entries()) starts[g + 1] = starts[g]! + length;
  const node = { kind: 'max', starts, members: Int32Array.from(groups.flat()) } as const;
  return addNode(graph, call, call.inputs, call.shape, node);
}

function average(graph: Graph, call: Call, groups: Groups): Value {
  const rows = groups.flatMap((group, g) => group.map(() => g));
  const values = groups.flatMap((group) => group.map(() => 1 / group.length));
  const map = sparseMap(sizeOf(call.inputs[0]!.shape), groups.length, { rows, columns: groups.flat(), values });
  return addNode(graph, call, call.inputs, call.shape, { kind: 'affine', map, offset: undefined });
}

function windows(call: Call): Groups {
  const [height, width, depth] = imageInput(call).shape;
  const { poolSize, strides, padding } = call.config as {
    poolSize: [number, number];
    strides: [number, number];
    padding: string;
  };
  const rows = windowAxis(height, poolSize[0], strides[0], padding);
  const columns = windowAxis(width, poolSize[1], strides[1], padding);
  const groups: number[][] = [];
  for (let oy = 0; oy < rows.output; oy++)
    for (let ox = 0; ox < columns.output; ox++) {
      const pixels: number[] = [];
      for (let wy = 0; wy < rows.window; wy++)
        for (let wx = 0; wx < columns.window; wx++) {
          const [iy, ix] = [seen(rows, oy, wy), seen(columns, ox, wx)];
          if (iy >= 0 && ix >= 0) pixels.push((iy * width + ix) * depth);
        }
      for (let channel = 0; channel < depth; channel++) groups.push(pixels.map((pixel) => pixel + channel));
    }
  return groups;
}

/** All entries of each channel. */
function channels(call: Call): Groups {
  const { shape } = call.config.dataFormat === undefined ? call.inputs[0]! : imageInput(call);
  const depth = shape.at(-1)!;
  const pixels = sizeOf(shape) / depth;
  return Array.from({ length: depth }, (_, c) => Array.from({ length: pixels }, (_, p) => p * depth + c));
}

/** Layers that change nothing at inference. */
export const readIdentity: Reader = (_, call) => call.inputs[0]!;

/** Reshape: the flat vector stays as it is. */
export const readReshape: Reader = (_, call) => ({ ...call.inputs[0]!, shape: call.shape });

/** Flatten: likewise, as long as the channels come last. */
export const readFlatten: Reader = (graph, call) => {
  if (call.config.dataFormat === 'channelsFirst') unsupported(call, '`dataFormat: "channelsLast"`');
  return readReshape(graph, call);
};

/** ZeroPadding2D. */
export const readZeroPadding: Reader = (graph, call) => {
  const { input, shape } = imageInput(call);
  const [, width, channels] = shape;
  const [[top], [left]] = call.config.padding as [[number, number], [number, number]];
  const columns = [...Array(sizeOf(shape)).keys()];
  const rows = columns.map((j) => {
    const pixel = Math.floor(j / channels);
    const [y, x] = [Math.floor(pixel / width) + top, (pixel % width) + left];
    return (y * call.shape[1]! + x) * channels + (j % channels);
  });
  const map = sparseMap(columns.length, sizeOf(call.shape), { rows, columns, values: columns.map(() => 1) });
  return addNode(graph, call, [input], call.shape, { kind: 'affine', map, offset: undefined });
};

/** Add, of values of equal shape. */
export const readAdd: Reader = (graph, call) => {
  if (call.inputs.some(({ shape }) => String(shape) !== String(call.shape))) unsupported(call, 'summands of one shape');
  return addNode(graph, call, call.inputs, call.shape, { kind: 'sum' });
};

/** Concatenate: each part is put in its place in a vector of zeros, and these vectors are added. */
export const readConcatenate: Reader = (graph, call) => {
  const axis = Number(call.config.axis);
  const place = axis < 0 ? call.shape.length + axis : axis - 1;
  const size = sizeOf(call.shape);
  const run = (shape: readonly number[]) => sizeOf(shape.slice(place));
  let before = 0;
  const parts = call.inputs.map((input) => {
    const columns = [...Array(sizeOf(input.shape)).keys()];
    const length = run(input.shape);
    const start = before;
    before += length;
    const rows = columns.map((j) => Math.floor(j / length) * run(call.shape) + start + (j % length));
    const map = sparseMap(columns.length, size, { rows, columns, values: columns.map(() => 1) });
    return addNode(graph, call, [input], call.shape, { kind: 'affine', map, offset: undefined });
  });
  return addNode(graph, call, parts, call.shape, { kind: 'sum' });
};
