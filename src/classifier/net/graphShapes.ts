import { type Result, reducedShape } from './build';
import { BATCH, type Count, slicing } from './graphNumbers';
import type { GraphCall, GraphReader } from './modelGraph';
import type { Pad, Pair, Reduce, Resize } from './types';

/** How the operations of TensorFlow that move, drop or gather values are read, by name. */
export const SHAPE_OPERATIONS: Readonly<Record<string, GraphReader | undefined>> = {
  Mean: reduce('mean'),
  Max: reduce('max'),
  Min: reduce('min'),
  Sum: reduce('sum'),
  Pad: pad,
  PadV2: pad,
  MirrorPad: pad,
  Reshape: (call) => call.reshaped(call.result(0), call.counts(1).values),
  Squeeze: squeeze,
  ExpandDims: expandDims,
  Transpose: transpose,
  ConcatV2: concat,
  Slice: slice,
  StridedSlice: stridedSlice,
  Split: (call) => split(call, 1, 0),
  SplitV: (call) => split(call, 0, 2),
  ResizeBilinear: resize('bilinear'),
  ResizeNearestNeighbor: resize('nearest'),
};

function reduce(operation: Reduce['operation']): GraphReader {
  return (call) => {
    const input = call.result(0);
    const axes = call.numbers(1).map((axis) => exampleAxis(call, axis, input));
    const keepDims = call.attribute('keepDims') === true;
    return call.add({ kind: 'reduce', operation, axes, keepDims }, [input], reducedShape(input.shape, axes, keepDims));
  };
}

function pad(call: GraphCall): Result {
  const input = call.result(0);
  const around = call.numbers(1);
  const [batch, ...paddings] = Array.from(
    { length: around.length / 2 },
    (_, i): Pair => [around[2 * i]!, around[2 * i + 1]!],
  );
  if (batch === undefined || batch[0] + batch[1] > 0) return call.refuse('more examples');
  const shape = input.shape.map((size, axis) => size + paddings[axis]![0] + paddings[axis]![1]);
  return call.add({ kind: 'pad', paddings, fill: fillOf(call) }, [input], shape);
}

function fillOf(call: GraphCall): Pad['fill'] {
  if (call.node.op === 'PadV2') return call.numbers(2)[0]!;
  const mode = call.attribute('mode');
  return mode === 'reflect' || mode === 'symmetric' ? mode : Number(call.attribute('constantValue') ?? 0);
}

function squeeze(call: GraphCall): Result {
  const input = call.result(0);
  const axis = call.attribute('axis');
  if (!Array.isArray(axis) || axis.length === 0) return call.refuse('of all axes, the batch perhaps too');
  const axes = axis.map((one) => exampleAxis(call, Number(one), input));
  return call.reshaped(input, [BATCH, ...input.shape.filter((_, i) => !axes.includes(i))]);
}

function expandDims(call: GraphCall): Result {
  const input = call.result(0);
  const told = call.numbers(1)[0]!;
  const axis = told < 0 ? told + input.shape.length + 2 : told;
  if (axis === 0) return call.refuse('before the batch');
  const shape = [...input.shape];
  shape.splice(axis - 1, 0, 1);
  return call.reshaped(input, [BATCH, ...shape]);
}

function transpose(call: GraphCall): Result {
  const input = call.result(0);
  const [first, ...order] = call.numbers(1);
  if (first !== 0) return call.refuse('of the batch');
  const axes = order.map((axis) => axis - 1);
  return call.add(
    { kind: 'transpose', order: axes },
    [input],
    axes.map((axis) => input.shape[axis]!),
  );
}

function concat(call: GraphCall): Result {
  const last = Number(call.attribute('n') ?? call.values.length - 1);
  const inputs = Array.from({ length: last }, (_, i) => call.result(i));
  const axis = exampleAxis(call, call.numbers(last)[0]!, inputs[0]!);
  const shape = [...inputs[0]!.shape];
  shape[axis] = inputs.reduce((sum, input) => sum + input.shape[axis]!, 0);
  return call.add({ kind: 'concat', axis }, inputs, shape);
}

function slice(call: GraphCall): Result {
  const input = call.result(0);
  const [first, ...begin] = call.numbers(1);
  const [count, ...sizes] = call.counts(2).values;
  if (first !== 0 || !(count === -1 || count === BATCH)) return call.refuse('of the batch');
  const shape = sizes.map((size, axis) => {
    if (typeof size !== 'number') return call.refuse('of unknown size');
    return size < 0 ? input.shape[axis]! - begin[axis]! : size;
  });
  return call.add({ kind: 'slice', begin, strides: begin.map(() => 1) }, [input], shape);
}

function stridedSlice(call: GraphCall): Result {
  const input = call.result(0);
  const whole: Count[] = [BATCH, ...input.shape];
  const taken = slicing(whole, [call.numbers(1), call.numbers(2), call.numbers(3)], call.masks);
  const [count, ...shape] = taken.sliced;
  const [firstBegin, ...begin] = taken.begin;
  const [firstStride, ...strides] = taken.strides;
  if (count !== BATCH || firstBegin !== 0 || firstStride !== 1) return call.refuse('of the batch');
  const sliced = call.add({ kind: 'slice', begin, strides }, [input], shape as number[]);
  return call.reshaped(sliced, taken.shape);
}

function split(call: GraphCall, from: number, axisAt: number): readonly Result[] {
  const input = call.result(from);
  const axis = exampleAxis(call, call.numbers(axisAt)[0]!, input);
  const length = input.shape[axis]!;
  const parts = Number(call.attribute('numOrSizeSplits') ?? 1);
  const told = call.node.op === 'SplitV' ? call.numbers(1) : Array<number>(parts).fill(length / parts);
  const others = told.reduce((sum, size) => (size < 0 ? sum : sum + size), 0);
  let start = 0;
  return told.map((size) => {
    const begin = input.shape.map((_, i) => (i === axis ? start : 0));
    const shape = input.shape.map((whole, i) => (i === axis ? (size < 0 ? length - others : size) : whole));
    start += shape[axis]!;
    return call.add({ kind: 'slice', begin, strides: begin.map(() => 1) }, [input], shape);
  });
}

function resize(method: Resize['method']): GraphReader {
  return (call) => {
    const input = call.result(0);
    const [height, width] = call.numbers(1);
    if (input.shape.length !== 3) return call.refuse('not of images');
    const alignCorners = call.attribute('alignCorners') === true;
    const halfPixelCenters = call.attribute('halfPixelCenters') === true;
    const kind: Resize = { kind: 'resize', method, alignCorners, halfPixelCenters };
    return call.add(kind, [input], [height!, width!, input.shape[2]!]);
  };
}

/** An axis of the batch, which may be counted from the end, as one of an example. */
function exampleAxis(call: GraphCall, axis: number, { shape }: Result): number {
  const counted = axis < 0 ? axis + shape.length + 1 : axis;
  return counted === 0 ? call.refuse('over the batch') : counted - 1;
}
