import type * as tf from '@tensorflow/tfjs-core';
import { floats, type WasmBackend } from '../backend';
import { PANEL } from '../simd/multiplySource';
import type { Simd } from '../simd/simd';

/** Bytes of a float32. */
export const FLOAT = 4;

/** Where a sum begins and between which limits it ends: bias and activation. */
export interface Finish {
  /** One value a column; none for zeros. */
  readonly bias: tf.TensorInfo | undefined;
  readonly low: number;
  readonly high: number;
}

/** What ends where it ends. */
export const PLAIN: Finish = { bias: undefined, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

/** The limits of the activations that the vector code applies itself. */
const LIMITS: { readonly [activation: string]: Omit<Finish, 'bias'> } = {
  linear: PLAIN,
  relu: { low: 0, high: Number.POSITIVE_INFINITY },
  relu6: { low: 0, high: 6 },
};

/** How a fused kernel ends its sums; `undefined` for an activation that is not a pair of limits. */
export function finishOf(activation: string, bias: tf.TensorInfo | undefined): Finish | undefined {
  const limits = LIMITS[activation];
  return limits && { ...limits, bias };
}

/** Floats that {@link writeFinish} writes for so many columns. */
export function finishFloats(columns: number): number {
  return 8 + PANEL * Math.ceil(columns / PANEL);
}

/** Lays limits and biases into zeros of the heap as the vector code reads them. */
export function writeFinish(
  backend: WasmBackend,
  heap: Float32Array,
  address: number,
  { bias, low, high }: Finish,
): void {
  const place = address / FLOAT;
  heap.fill(low, place, place + 4).fill(high, place + 4, place + 8);
  if (bias !== undefined) heap.set(floats(backend, bias), place + 8);
}

/** Rows that are packed together: the first-level cache holds a line of each until the next panels have used it. */
const ROWS = 8;

/** Packs `b`, `[depth, columns]` or transposed, in panels at an address; lanes beyond the last column stay as they are. */
export function pack(
  { packColumns, packRows }: Simd,
  b: Float32Array,
  packed: number,
  depth: number,
  columns: number,
  transposed: boolean,
): void {
  const whole = Math.floor(columns / PANEL);
  const panelBytes = PANEL * FLOAT;
  const rowBytes = columns * FLOAT;
  if (transposed)
    for (let panel = 0; panel < whole; panel++)
      packRows(b.byteOffset + panel * panelBytes * depth, packed + panel * panelBytes * depth, depth);
  else
    for (let row = 0; row < depth; row += ROWS)
      for (let panel = 0; panel < whole; panel++) {
        const from = b.byteOffset + row * rowBytes + panel * panelBytes;
        const to = packed + (panel * depth + row) * panelBytes;
        packColumns(from, to, Math.min(ROWS, depth - row), rowBytes);
      }
  const heap = new Float32Array(b.buffer);
  const [nextColumn, nextK] = transposed ? [depth, 1] : [1, columns];
  for (let column = whole * PANEL; column < columns; column++) {
    let to = packed / FLOAT + whole * depth * PANEL + (column % PANEL);
    for (let k = 0, i = column * nextColumn; k < depth; k++, i += nextK, to += PANEL) heap[to] = b[i]!;
  }
}

/**
 * Packs a filter `[taps, inputs, outputs]` for the gradient of the input: turned by 180 degrees with its channels exchanged, a
 * matrix `[taps * outputs, inputs]`.
 */
export function packTurned(
  { packRows }: Simd,
  filter: Float32Array,
  packed: number,
  taps: number,
  inputs: number,
  outputs: number,
): void {
  const heap = new Float32Array(filter.buffer);
  const depth = taps * outputs;
  const whole = Math.floor(inputs / PANEL);
  for (let tap = 0; tap < taps; tap++) {
    const source = filter.byteOffset + (taps - 1 - tap) * inputs * outputs * FLOAT;
    for (let panel = 0; panel < whole; panel++) {
      const to = packed + (panel * depth + tap * outputs) * PANEL * FLOAT;
      packRows(source + panel * PANEL * outputs * FLOAT, to, outputs);
    }
    for (let input = whole * PANEL; input < inputs; input++) {
      let to = packed / FLOAT + (whole * depth + tap * outputs) * PANEL + (input % PANEL);
      const from = source / FLOAT + input * outputs;
      for (let output = 0; output < outputs; output++, to += PANEL) heap[to] = heap[from + output]!;
    }
  }
}

/** The addresses of a product: `c = a b`, with `b` packed; `c` is `[rows, panels * 8]`. */
export interface Addresses {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** Of bias and limits, if there are any. */
  readonly finish?: number;
}

/** Values of the left-hand factor worked on at a time: they stay in the second-level cache for all panels. */
const BLOCK = 1 << 16;

/** A product of any number of rows that is not below {@link Simd.rows}: the last rows may be computed twice. */
export function multiplyRows(vectors: Simd, at: Addresses, rows: number, depth: number, panels: number): void {
  const run = (first: number, count: number) => {
    const [a, c] = [at.a + first * depth * FLOAT, at.c + first * panels * PANEL * FLOAT];
    if (at.finish === undefined) vectors.multiply(a, at.b, c, count, depth, panels);
    else vectors.multiplyFinish(a, at.b, c, count, depth, panels, at.finish);
  };
  const even = rows - (rows % vectors.rows);
  const block = vectors.rows * Math.ceil(BLOCK / depth / vectors.rows);
  for (let first = 0; first < even; first += block) run(first, Math.min(block, even - first));
  if (even < rows) run(rows - vectors.rows, vectors.rows);
}

/** Copies the first `columns` of the padded rows of a product. */
export function dropPadding(heap: Float32Array, from: number, to: number, rows: number, columns: number): void {
  const padded = PANEL * Math.ceil(columns / PANEL);
  for (let row = 0; row < rows; row++) {
    const start = from / FLOAT + row * padded;
    heap.copyWithin(to / FLOAT + row * columns, start, start + columns);
  }
}
