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
