import { sparseMap } from '../maps/sparseMap';
import { seen, windowAxis } from '../maps/window';
import { addNode, type Call, type Graph, imageInput, type Reader, sizeOf, type Value } from './graph';

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
