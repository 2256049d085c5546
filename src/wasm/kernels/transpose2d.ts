import type * as tf from '@tensorflow/tfjs-core';
import { floats, type WasmBackend } from '../backend';

/** Side of the square tiles: two of them fit in the fastest cache. */
const TILE = 32;

/** Writes the transpose of a row-major `[rows, columns]` matrix. */
export function transposeInto(from: Float32Array, to: Float32Array, rows: number, columns: number): void {
  for (let r0 = 0; r0 < rows; r0 += TILE) {
    const r1 = Math.min(rows, r0 + TILE);
    for (let c0 = 0; c0 < columns; c0 += TILE) {
      const c1 = Math.min(columns, c0 + TILE);
      for (let r = r0; r < r1; r++) {
        for (let c = c0; c < c1; c++) to[c * rows + r] = from[r * columns + c]!;
      }
    }
  }
}

/** The transpose of a matrix as a tensor of its own. The caller disposes it. */
export function transpose2d(backend: WasmBackend, matrix: tf.TensorInfo): tf.TensorInfo {
  const [rows, columns] = matrix.shape as [number, number];
  const out = backend.makeOutput([columns, rows], 'float32');
  transposeInto(floats(backend, matrix), floats(backend, out), rows, columns);
  return out;
}
