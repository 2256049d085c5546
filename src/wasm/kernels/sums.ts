import * as tf from '@tensorflow/tfjs-core';
import { floats, type Kernel, type WasmBackend } from '../backend';

type SegmentSum = Kernel<tf.UnsortedSegmentSumInputs, tf.UnsortedSegmentSumAttrs>;

/** Adds up the rows of each segment, the gradient of a gather; rows of a negative or too large segment are dropped. */
export function unsortedSegmentSum(): SegmentSum {
  return ({ inputs, attrs, backend }) => {
    const x = inputs.x!;
    const segmentIds = inputs.segmentIds!;
    const ids = backend.typedArrayFromHeap(segmentIds).slice();
    const rest = x.shape.slice(segmentIds.shape.length);
    const out = makeZeros(backend, [attrs.numSegments, ...rest], x.dtype);
    const size = tf.util.sizeFromShape(rest);
    const from = backend.typedArrayFromHeap(x);
    const to = backend.typedArrayFromHeap(out);
    ids.forEach((id, row) => {
      if (id < 0 || id >= attrs.numSegments) return;
      for (let i = 0; i < size; i++) to[id * size + i] = to[id * size + i]! + from[row * size + i]!;
    });
    return out;
  };
}

function makeZeros(backend: WasmBackend, shape: number[], dtype: tf.DataType): tf.TensorInfo {
  const out = backend.makeOutput(shape, dtype);
  floats(backend, out).fill(0);
  return out;
}

type Reduction = Kernel<tf.SumInputs, tf.SumAttrs>;

/**
 * Sum over the leading axes (the gradient of a bias), where the stock kernel transposes the whole tensor first, or over
 * all axes (a loss), where it adds one float32 after the other.
 */
export function sum(stock: Reduction): Reduction {
  return (call) => sumLeading(call, () => 1) ?? stock(call);
}

/** Mean over the leading axes (the statistics of batch normalisation) or all, likewise. */
export function mean(stock: Reduction): Reduction {
  return (call) => sumLeading(call, (rows) => 1 / rows) ?? stock(call);
}

/** `factor(rows)` times the sum over all axes or the leading ones, or `undefined` when other axes are reduced. */
function sumLeading(
  { inputs, attrs, backend }: Parameters<Reduction>[0],
  factor: (rows: number) => number,
): tf.TensorInfo | undefined {
  const x = inputs.x!;
  const axes = tf.util.parseAxisParam(attrs.axis, x.shape).sort((a, b) => a - b);
  const leading = axes.length > 0 && axes.every((axis, i) => axis === i);
  if (!leading || x.dtype !== 'float32' || x.shape.includes(0)) return undefined;
  const kept = x.shape.slice(axes.length);
  const columns = tf.util.sizeFromShape(kept);
  const shape = attrs.keepDims ? [...axes.map(() => 1), ...kept] : kept;
  const out = backend.makeOutput(shape, 'float32');
  const values = floats(backend, x);
  const scale = factor(values.length / columns);
  const sums = columns === 1 ? [total(values)] : columnSums(values, columns);
  floats(backend, out).set(sums.map((value) => value * scale));
  return out;
}

// Both sum in double precision: a float32 sum of a million terms loses digits that a loss and batch-norm need.

function columnSums(values: Float32Array, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  for (let i = 0; i < values.length; ) {
    for (let c = 0; c < columns; c++) sums[c] = sums[c]! + values[i++]!;
  }
  return sums;
}

/** Four sums side by side, as each addition waits for the one before it. */
function total(values: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const rest = values.length % 4;
  for (let i = rest; i < values.length; i += 4) {
    a += values[i]!;
    b += values[i + 1]!;
    c += values[i + 2]!;
    d += values[i + 3]!;
  }
  for (let i = 0; i < rest; i++) a += values[i]!;
  return a + b + c + d;
}
