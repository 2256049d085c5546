import { seen, windowAxis } from '../maps/axes';
import { depthwiseMap } from '../maps/depthwiseMap';
import type { Axis } from '../types';
import { addNode, type Call, type Graph, imageInput, pair, type Reader, type Sizes, sizeOf, type Value } from './graph';

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
