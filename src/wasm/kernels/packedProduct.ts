import type * as tf from '@tensorflow/tfjs-core';
import { floats, type WasmBackend } from '../backend';
import { PANEL, ROWS } from '../simd/multiplySource';
import type { Simd } from '../simd/simd';
import { withScratch } from './withScratch';

/** Bytes of a float32. */
const FLOAT = 4;
/** Fewest rows and columns for which packing the right-hand factor pays. */
const FEWEST = 16;

/** Whether {@link packedProduct} is the fastest way to a product `[rows, depth] x [depth, columns]`. */
export function suitsPacking(rows: number, columns: number): boolean {
  return rows >= FEWEST && columns >= FEWEST;
}

/**
 * The product of `a`, `[rows, depth]`, and `b`, `[depth, columns]` or with `transposeB` `[columns, depth]`. The right-hand
 * factor is packed in panels of columns, which costs the same either way up. The caller disposes the result.
 */
export function packedProduct(
  backend: WasmBackend,
  vectors: Simd,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  transposeB: boolean,
): tf.TensorInfo {
  const [rows, depth] = a.shape as [number, number];
  const columns = b.shape[transposeB ? 0 : 1]!;
  const panels = Math.ceil(columns / PANEL);
  const whole = columns % PANEL === 0;
  const rowBytes = panels * PANEL * FLOAT;
  const out = backend.makeOutput([rows, columns], 'float32');
  const sizes = { packed: depth * rowBytes, padded: whole ? 0 : rows * rowBytes };
  withScratch(backend, sizes, ({ packed, padded }) => {
    const right = floats(backend, b);
    const target = floats(backend, out);
    const heap = new Float32Array(right.buffer);
    pack(vectors, right, packed, depth, columns, transposeB);
    const left = floats(backend, a).byteOffset;
    const product = whole ? target.byteOffset : padded;
    vectors.multiply(left, packed, product, rows - (rows % ROWS), depth, panels);
    // An odd last row is computed together with the row before it.
    const last = rows - ROWS;
    if (rows % ROWS !== 0)
      vectors.multiply(left + last * depth * FLOAT, packed, product + last * rowBytes, ROWS, depth, panels);
    if (whole) return;
    for (let row = 0; row < rows; row++) {
      const start = (padded + row * rowBytes) / FLOAT;
      target.set(heap.subarray(start, start + columns), row * columns);
    }
  });
  return out;
}

/** Packs `b` in panels at an address; lanes beyond the last column stay as they are. */
function pack(
  { packColumns, packRows }: Simd,
  b: Float32Array,
  packed: number,
  depth: number,
  columns: number,
  transposed: boolean,
): void {
  const whole = Math.floor(columns / PANEL);
  for (let panel = 0; panel < whole; panel++) {
    const first = b.byteOffset + panel * PANEL * FLOAT * (transposed ? depth : 1);
    const to = packed + panel * depth * PANEL * FLOAT;
    if (transposed) packRows(first, to, depth);
    else packColumns(first, to, depth, columns * FLOAT);
  }
  const heap = new Float32Array(b.buffer);
  const [nextColumn, nextK] = transposed ? [depth, 1] : [1, columns];
  for (let column = whole * PANEL; column < columns; column++) {
    let to = packed / FLOAT + whole * depth * PANEL + (column % PANEL);
    for (let k = 0, i = column * nextColumn; k < depth; k++, i += nextK, to += PANEL) heap[to] = b[i]!;
  }
}
