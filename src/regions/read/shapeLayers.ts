import { sparseMap } from '../maps/sparseMap';
import { addNode, imageInput, type Reader, sizeOf, unsupported } from './graph';

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
