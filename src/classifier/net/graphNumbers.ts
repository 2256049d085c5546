import * as tf from '@tensorflow/tfjs-core';

/** The number of examples, which a network does not know. */
export const BATCH = 'batch';

/** A whole number that a graph computes from shapes: known, the number of examples, or something made of that. */
export type Count = number | typeof BATCH | undefined;

/** An array of such numbers, as graphs compute them to say how to reshape, slice or pad. */
export interface Counts {
  readonly shape: readonly number[];
  readonly values: readonly Count[];
}

/** Larger than any batch: a slice that ends there takes all examples. */
const MANY = 2 ** 40;

/** The masks of a strided slice, as bits for each axis. */
export interface SliceMasks {
  readonly begin: number;
  readonly end: number;
  readonly ellipsis: number;
  readonly newAxis: number;
  readonly shrinkAxis: number;
}

/** What a strided slice of a shape takes, and the shape of it before and after axes are dropped and added. */
export function slicing(
  shape: readonly Count[],
  [begin, end, strides]: readonly (readonly number[])[],
  masks: SliceMasks,
) {
  const sizes = shape.map((size) => (size === BATCH ? MANY : (size ?? 0)));
  const taken = tf.slice_util.sliceInfo(
    sizes,
    [...begin!],
    [...end!],
    [...strides!],
    masks.begin,
    masks.end,
    masks.ellipsis,
    masks.newAxis,
    masks.shrinkAxis,
  );
  const counted = (sizes: readonly number[]): Count[] => sizes.map((size) => (size === MANY ? BATCH : size));
  return {
    begin: taken.begin,
    strides: taken.strides,
    sliced: counted(tf.slice_util.computeOutShape(taken.begin, taken.end, taken.strides)),
    shape: counted(taken.finalShape),
  };
}

/** The result of an operation on such numbers; `undefined` for an operation that is not known. */
export function countsOf(op: string, inputs: readonly Counts[], masks: SliceMasks): Counts | undefined {
  const [a, b, c, d] = inputs;
  const numbers = (counts: Counts | undefined) => (counts?.values ?? []) as number[];
  if (op === 'Pack') return { shape: [inputs.length, ...a!.shape], values: inputs.flatMap(({ values }) => values) };
  if (op === 'ConcatV2' || op === 'Concat') {
    const values = inputs.flatMap((part) => part.values);
    return { shape: [values.length], values };
  }
  if (a === undefined) return undefined;
  if (op === 'StridedSlice' && a.shape.length === 1) {
    const { begin, strides, sliced, shape } = slicing(a.shape, [numbers(b), numbers(c), numbers(d)], masks);
    const values = Array.from({ length: Number(sliced[0]) }, (_, i) => a.values[begin[0]! + strides[0]! * i]);
    return { shape: shape as number[], values };
  }
  if (op === 'Slice' && a.shape.length === 1) {
    const [begin, size] = [numbers(b)[0]!, numbers(c)[0]!];
    const values = a.values.slice(begin, size < 0 ? undefined : begin + size);
    return { shape: [values.length], values };
  }
  if ((op === 'GatherV2' || op === 'Gather') && a.shape.length === 1)
    return { shape: b!.shape, values: numbers(b).map((i) => a.values[i]) };
  if (op === 'Cast' || op === 'Identity') return a;
  if (op === 'ExpandDims') return { shape: [1, ...a.shape], values: a.values };
  if (op === 'Squeeze') return { shape: a.shape.filter((size) => size !== 1), values: a.values };
  if (op === 'Reshape') {
    const told = numbers(b).reduce((product, size) => (size < 0 ? product : product * size), 1);
    return { shape: numbers(b).map((size) => (size < 0 ? a.values.length / told : size)), values: a.values };
  }
  if (op === 'Prod') return { shape: [], values: [a.values.reduce<Count>((x, y) => combined('Mul', x, y), 1)] };
  if (b !== undefined && op in ARITHMETIC) {
    const longer = a.values.length >= b.values.length ? a : b;
    const at = ({ values }: Counts, i: number) => values[values.length === 1 ? 0 : i];
    return { shape: longer.shape, values: longer.values.map((_, i) => combined(op, at(a, i), at(b, i))) };
  }
  return undefined;
}

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  AddV2: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  FloorDiv: (a, b) => Math.floor(a / b),
  Maximum: Math.max,
  Minimum: Math.min,
};

function combined(op: string, a: Count, b: Count): Count {
  if (typeof a === 'number' && typeof b === 'number') return ARITHMETIC[op]!(a, b);
  if (op === 'Mul' && (a === 1 || b === 1)) return a === 1 ? b : a;
  return undefined;
}
