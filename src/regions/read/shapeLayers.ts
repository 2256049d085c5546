import { once } from '../../core/once';
import { add } from '../maps/changes';
import { seen, windowAxis } from '../maps/convMap';
import { depthwiseMap } from '../maps/depthwiseMap';
import { diagonalMap } from '../maps/diagonalMap';
import { selectMap, sourcesByAxis } from '../maps/selectMap';
import type { Axis, LinearMap } from '../types';
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

/** Layers that change nothing at inference. */
export const readIdentity: Reader = (_, call) => call.inputs[0]!;

/** Reshape: the flat vector stays as it is. */
export const readReshape: Reader = (_, call) => ({ ...call.inputs[0]!, shape: call.shape });

/** Flatten: likewise, as long as the channels come last. */
export const readFlatten: Reader = (graph, call) => {
  if (call.config.dataFormat === 'channelsFirst') unsupported(call, '`dataFormat: "channelsLast"`');
  return readReshape(graph, call);
};

/** Margins around an image: top and bottom, left and right. */
type Margins = readonly [readonly [number, number], readonly [number, number]];

/** ZeroPadding2D. */
export const readZeroPadding: Reader = (graph, call) => {
  imageInput(call);
  const [[top], [left]] = call.config.padding as Margins;
  return selected(graph, call, call.inputs[0]!, shifted(call, [top, left, 0]));
};

/** Cropping2D. */
export const readCropping: Reader = (graph, call) => {
  imageInput(call);
  const [[top], [left]] = call.config.cropping as Margins;
  return selected(graph, call, call.inputs[0]!, shifted(call, [-top, -left, 0]));
};

/** Permute: axis a of the result is axis `dims[a]` of the input, counted from 1. */
export const readPermute: Reader = (graph, call) => {
  const input = call.inputs[0]!;
  const tables = (call.config.dims as readonly number[]).map((axis) =>
    stepsAlong(input.shape, axis - 1, (o) => o, input.shape[axis - 1]!),
  );
  return selected(graph, call, input, tables);
};

/** UpSampling2D: every pixel repeated, or lines between the pixels. */
export const readUpSampling: Reader = (graph, call) => {
  const { input, shape } = imageInput(call);
  const [high, wide] = call.config.size as readonly [number, number];
  if (call.config.interpolation === 'bilinear') {
    // Places between pixels are exact in float32 by powers of two only.
    if (![high, wide].every((size) => Number.isInteger(Math.log2(size))))
      unsupported(call, 'bilinear interpolation by powers of two', ` by ${high} x ${wide}`);
    return addNode(graph, call, [input], call.shape, {
      kind: 'affine',
      map: bilinear(shape, high, wide),
      offset: undefined,
    });
  }
  const tables = [high, wide, 1].map((size, axis) =>
    stepsAlong(shape, axis, (o) => Math.floor(o / size), call.shape[axis]!),
  );
  return selected(graph, call, input, tables);
};

/** Along each axis pixel o of the result lies at `o / size` of the input; below the last pixel nothing changes any more. */
function bilinear([height, width, channels]: readonly [number, number, number], high: number, wide: number): LinearMap {
  const along = (length: number, size: number) =>
    Array.from({ length: length * size }, (_, o) => {
      const [first, share] = [Math.floor(o / size), (o / size) % 1];
      return [
        { from: first, weight: 1 - share },
        { from: Math.min(first + 1, length - 1), weight: share },
      ].filter(({ weight }) => weight > 0);
    });
  const entries = { rows: [] as number[], columns: [] as number[], values: [] as number[] };
  const across = along(width, wide);
  for (const [oy, vertical] of along(height, high).entries())
    for (const [ox, horizontal] of across.entries())
      for (const y of vertical)
        for (const x of horizontal)
          for (let channel = 0; channel < channels; channel++) {
            entries.rows.push((oy * width * wide + ox) * channels + channel);
            entries.columns.push((y.from * width + x.from) * channels + channel);
            entries.values.push(y.weight * x.weight);
          }
  return sparseMap(height * width * channels, height * high * width * wide * channels, entries);
}

/** Add, of values of equal shape. */
export const readAdd: Reader = (graph, call) => {
  if (call.inputs.some(({ shape }) => String(shape) !== String(call.shape))) unsupported(call, 'summands of one shape');
  return addNode(graph, call, call.inputs, call.shape, { kind: 'sum' });
};

/** Average, of values of equal shape. */
export const readAverage: Reader = (graph, call) => {
  const sum = readAdd(graph, call);
  const map = diagonalMap(Float64Array.of(1 / call.inputs.length), sizeOf(call.shape));
  return addNode(graph, call, [sum], call.shape, { kind: 'affine', map, offset: undefined });
};

/** Concatenate: each part is put in its place in a vector of zeros, and these vectors are added. */
export const readConcatenate: Reader = (graph, call) => {
  const axis = Number(call.config.axis);
  const place = axis < 0 ? call.shape.length + axis : axis - 1;
  let before = 0;
  const parts = call.inputs.map((input) => {
    const start = before;
    before += input.shape[place]!;
    const tables = shifted(
      { inputs: [input], shape: call.shape },
      call.shape.map((_, a) => (a === place ? start : 0)),
    );
    return selected(graph, call, input, tables);
  });
  return addNode(graph, call, parts, call.shape, { kind: 'sum' });
};

/** A node that copies entries of the input, chosen along each axis by itself. */
function selected(graph: Graph, call: Call, input: Value, tables: readonly Int32Array[]): Value {
  const map = selectMap(sizeOf(input.shape), sourcesByAxis(tables));
  return addNode(graph, call, [input], call.shape, { kind: 'affine', map, offset: undefined });
}

/** The input moved along each axis by so much, with zeros around it and what is beyond the result cut off. */
function shifted({ inputs, shape }: Pick<Call, 'inputs' | 'shape'>, by: readonly number[]): Int32Array[] {
  return shape.map((size, axis) => stepsAlong(inputs[0]!.shape, axis, (o) => o - by[axis]!, size));
}

/** For each of `size` entries, where the entry that it stands for begins along an axis of `shape`, or -1 for none. */
function stepsAlong(shape: readonly number[], axis: number, entryOf: (o: number) => number, size: number): Int32Array {
  const step = sizeOf(shape.slice(axis + 1));
  return Int32Array.from({ length: size }, (_, o) => {
    const entry = entryOf(o);
    return entry < 0 || entry >= shape[axis]! ? -1 : entry * step;
  });
}

/** The entries of a sparse matrix, in any order: `values[e]` stands in row `rows[e]` and column `columns[e]`. */
interface SparseEntries {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly values: readonly number[];
}

/** The map of a matrix with few entries: pooling by averages, batch normalisation, padding, depthwise convolution. */
export function sparseMap(inputSize: number, outputSize: number, { rows, columns, values }: SparseEntries): LinearMap {
  const order = orderBy(columns, inputSize, orderBy(rows, outputSize));
  const row = order.map((e) => rows[e]!);
  const value = Float64Array.from(order, (e) => values[e]!);
  // Entries starts[j] up to starts[j + 1] - 1 are those of column j.
  const starts = new Int32Array(inputSize + 1);
  for (const column of columns) starts[column + 1]!++;
  for (let j = 0; j < inputSize; j++) starts[j + 1]! += starts[j]!;
  return mapOf({ inputSize, outputSize, starts, row, value });
}

/** Places of entries in the ascending order of their keys, whole numbers below `count`; those with equal keys stay in the order given. */
function orderBy(keys: readonly number[], count: number, given?: Int32Array): Int32Array {
  const next = new Int32Array(count + 1);
  for (const key of keys) next[key + 1]!++;
  for (let key = 0; key < count; key++) next[key + 1]! += next[key]!;
  const order = new Int32Array(keys.length);
  for (let n = 0; n < keys.length; n++) {
    const e = given?.[n] ?? n;
    order[next[keys[e]!]!++] = e;
  }
  return order;
}

/** A sparse matrix, column after column. */
interface Columns {
  readonly inputSize: number;
  readonly outputSize: number;
  readonly starts: Int32Array;
  readonly row: Int32Array;
  readonly value: Float64Array;
}

function mapOf(matrix: Columns): LinearMap {
  const { inputSize, outputSize, starts, row, value } = matrix;
  const counts = new Int32Array(outputSize);
  for (const i of row) counts[i]!++;
  return {
    inputSize,
    outputSize,
    fanIn: counts.reduce((a, b) => Math.max(a, b), 0),
    products: value.length,
    bytes: starts.byteLength + row.byteLength + value.byteLength,
    absolute: once(() => mapOf({ ...matrix, value: value.map(Math.abs) })),
    addTo(y, x, count) {
      for (let c = 0; c < count; c++)
        for (let j = 0; j < inputSize; j++) {
          const factor = x[c * inputSize + j]!;
          if (factor === 0) continue;
          for (let e = starts[j]!; e < starts[j + 1]!; e++) y[c * outputSize + row[e]!]! += factor * value[e]!;
        }
    },
    addTransposedTo(x, y, count) {
      for (let c = 0; c < count; c++)
        for (let j = 0; j < inputSize; j++)
          for (let e = starts[j]!; e < starts[j + 1]!; e++)
            x[c * inputSize + j]! += value[e]! * y[c * outputSize + row[e]!]!;
    },
    spread(y, x) {
      for (let k = 0; k < x.count; k++) {
        const j = x.entries[k]!;
        const factor = x.values[j]!;
        if (factor === 0) continue;
        for (let e = starts[j]!; e < starts[j + 1]!; e++) add(y, row[e]!, factor * value[e]!);
      }
    },
  };
}

/** MaxPooling1D and 2D: padding never wins. */
export const readMaxPooling: Reader = (graph, call) => largest(graph, call, windowsOf(call));

/** AveragePooling1D and 2D: padding does not count, so a window at the border averages fewer entries. */
export const readAveragePooling: Reader = (graph, call) => average(graph, call, windowsOf(call));

/** GlobalMaxPooling1D and 2D. */
export const readGlobalMax: Reader = (graph, call) => largest(graph, call, wholeOf(call));

/** GlobalAveragePooling1D and 2D. */
export const readGlobalAverage: Reader = (graph, call) => average(graph, call, wholeOf(call));

/** What is pooled: how windows slide over images of so many channels. */
interface Windows {
  readonly rows: Axis;
  readonly columns: Axis;
  readonly channels: number;
}

function windowsOf(call: Call): Windows {
  const [height, width, channels] = imageInput(call).shape;
  const { poolSize, strides, padding } = call.config as { poolSize: Sizes; strides: Sizes; padding: string };
  const [windowY, windowX] = pair(poolSize);
  const [strideY, strideX] = pair(strides);
  return {
    rows: windowAxis(height, windowY, strideY, padding),
    columns: windowAxis(width, windowX, strideX, padding),
    channels,
  };
}

/** One window over the whole image. */
function wholeOf(call: Call): Windows {
  const [height, width, channels] = imageInput(call).shape;
  return { rows: windowAxis(height, height, 1, 'valid'), columns: windowAxis(width, width, 1, 'valid'), channels };
}

function average(graph: Graph, call: Call, windows: Windows): Value {
  const map = depthwiseMap({ ...windows, average: true });
  return addNode(graph, call, call.inputs, call.shape, { kind: 'affine', map, offset: undefined });
}

function largest(graph: Graph, call: Call, { rows, columns, channels }: Windows): Value {
  const starts = new Int32Array(sizeOf(call.shape) + 1);
  const members = new Int32Array(rows.output * rows.window * columns.output * columns.window * channels);
  let [group, count] = [0, 0];
  for (let oy = 0; oy < rows.output; oy++)
    for (let ox = 0; ox < columns.output; ox++)
      for (let channel = 0; channel < channels; channel++) {
        for (let wy = 0; wy < rows.window; wy++)
          for (let wx = 0; wx < columns.window; wx++) {
            const [iy, ix] = [seen(rows, oy, wy), seen(columns, ox, wx)];
            if (iy >= 0 && ix >= 0) members[count++] = (iy * columns.input + ix) * channels + channel;
          }
        starts[++group] = count;
      }
  const node = { kind: 'max', starts, members: members.slice(0, count) } as const;
  return addNode(graph, call, call.inputs, call.shape, node);
}
