import type * as tf from '@tensorflow/tfjs-core';
import { disposing, floats, type Kernel, view, type WasmBackend } from '../backend';
import { PANEL } from '../simd/multiplySource';
import { type Simd, simd } from '../simd/simd';
import { dropPadding, type Finish, FLOAT, finishFloats, multiplyRows, PLAIN, pack, writeFinish } from './product';
import { withScratch } from './withScratch';

type MatMul = Kernel<tf.BatchMatMulInputs, tf.BatchMatMulAttrs>;

/** Shape under which XNNPACK has packed a right-hand factor, by its data. */
const packedAs = new WeakMap<object, string>();

/**
 * Products of two matrices: by vector code of our own where there is some and the matrices are large enough, else by
 * XNNPACK, which the stock kernel takes only where no factor is transposed. Batches of products are left alone.
 *
 * For XNNPACK factors are transposed explicitly, and the cheaper of two ways is taken: `a b`, or `(b' a')'`. The second
 * one neither transposes nor packs the weights of a dense layer in the gradient of its input.
 */
export function batchMatMul(stock: MatMul): MatMul {
  return (call) => {
    const { inputs, attrs, backend } = call;
    const a = inputs.a!;
    const b = inputs.b!;
    if (!isSingleProduct(a) || !isSingleProduct(b)) return stock(call);
    const multiply = (left: tf.TensorInfo, right: tf.TensorInfo) => multiplyPlain(stock, backend, left, right);
    const { transposeA, transposeB } = attrs;
    const left = view(a, a.shape.slice(-2));
    const right = view(b, b.shape.slice(-2));
    const vectors = suitsPacking(left.shape[transposeA ? 1 : 0]!, right.shape[transposeB ? 0 : 1]!)
      ? simd(backend)
      : null;
    let out: tf.TensorInfo;
    if (vectors !== null) {
      const packed = (l: tf.TensorInfo) => packedProduct(backend, vectors, l, right, transposeB);
      out = transposeA ? disposing(backend, transpose2d(backend, left), packed) : packed(left);
    } else if (swappingIsCheaper(left, right, transposeA, transposeB)) {
      const swapped = productOf(backend, multiply, right, !transposeB, left, !transposeA);
      out = disposing(backend, swapped, (product) => transpose2d(backend, product));
    } else {
      out = productOf(backend, multiply, left, transposeA, right, transposeB);
    }
    const batch = Math.max(a.shape.length, b.shape.length) - 2;
    return view(out, [...new Array<number>(batch).fill(1), ...out.shape]);
  };
}

/** Whether a factor is one matrix of float32, whatever axes of length 1 are before it. */
export function isSingleProduct(x: tf.TensorInfo): boolean {
  return x.dtype === 'float32' && x.shape.slice(0, -2).every((size) => size === 1) && !x.shape.includes(0);
}

/** Counts the values that are moved: one pass for a transpose, one for packing the right-hand factor. */
function swappingIsCheaper(a: tf.TensorInfo, b: tf.TensorInfo, transposeA: boolean, transposeB: boolean): boolean {
  const sizeA = a.shape[0]! * a.shape[1]!;
  const sizeB = b.shape[0]! * b.shape[1]!;
  const sizeOut = a.shape[transposeA ? 1 : 0]! * b.shape[transposeB ? 0 : 1]!;
  if (!transposeA && !transposeB) return false;
  const direct = (transposeA ? sizeA : 0) + (transposeB ? sizeB : 0) + sizeB;
  const swapped = (transposeA ? 0 : sizeA) + (transposeB ? 0 : sizeB) + sizeA + sizeOut;
  return swapped < direct;
}

function productOf(
  backend: WasmBackend,
  multiply: (left: tf.TensorInfo, right: tf.TensorInfo) => tf.TensorInfo,
  left: tf.TensorInfo,
  transposeLeft: boolean,
  right: tf.TensorInfo,
  transposeRight: boolean,
): tf.TensorInfo {
  if (transposeLeft) {
    return disposing(backend, transpose2d(backend, left), (l) =>
      productOf(backend, multiply, l, false, right, transposeRight),
    );
  }
  if (transposeRight) return disposing(backend, transpose2d(backend, right), (r) => multiply(left, r));
  return multiply(left, right);
}

/**
 * The backend packs `right` once per tensor and forgets to look at its shape: the same data reshaped and multiplied
 * again would be read in the old layout. A copy has no history.
 */
function multiplyPlain(stock: MatMul, backend: WasmBackend, a: tf.TensorInfo, b: tf.TensorInfo): tf.TensorInfo {
  const attrs = { transposeA: false, transposeB: false };
  const layout = b.shape.join();
  const known = packedAs.get(b.dataId) ?? layout;
  if (known !== layout) {
    return disposing(backend, copy(backend, b), (fresh) => stock({ inputs: { a, b: fresh }, attrs, backend }));
  }
  packedAs.set(b.dataId, layout);
  return stock({ inputs: { a, b }, attrs, backend });
}

function copy(backend: WasmBackend, x: tf.TensorInfo): tf.TensorInfo {
  const out = backend.makeOutput(x.shape, 'float32');
  floats(backend, out).set(floats(backend, x));
  return out;
}

/** Fewest rows and columns for which packing the right-hand factor pays. */
const FEWEST = 16;

/** Whether {@link packedProduct} is the fastest way to a product `[rows, depth] x [depth, columns]`. */
export function suitsPacking(rows: number, columns: number): boolean {
  return rows >= FEWEST && columns >= FEWEST;
}

/**
 * The product of `a`, `[rows, depth]`, and `b`, `[depth, columns]` or with `transposeB` `[columns, depth]`. The right-hand
 * factor is packed in panels of columns, which costs the same either way up; sums begin and end as `finish` says. The caller
 * disposes the result.
 */
export function packedProduct(
  backend: WasmBackend,
  vectors: Simd,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  transposeB: boolean,
  finish: Finish = PLAIN,
): tf.TensorInfo {
  const [rows, depth] = a.shape as [number, number];
  const columns = b.shape[transposeB ? 0 : 1]!;
  const panels = Math.ceil(columns / PANEL);
  const whole = columns % PANEL === 0;
  const rowBytes = panels * PANEL * FLOAT;
  const out = backend.makeOutput([rows, columns], 'float32');
  const sizes = {
    packed: depth * rowBytes,
    padded: whole ? 0 : rows * rowBytes,
    ending: finish === PLAIN ? 0 : finishFloats(columns) * FLOAT,
  };
  withScratch(backend, sizes, ({ packed, padded, ending }) => {
    const right = floats(backend, b);
    const target = floats(backend, out).byteOffset;
    pack(vectors, right, packed, depth, columns, transposeB);
    const heap = new Float32Array(right.buffer);
    const at = { a: floats(backend, a).byteOffset, b: packed, c: whole ? target : padded };
    if (finish !== PLAIN) writeFinish(backend, heap, ending, finish);
    multiplyRows(vectors, finish === PLAIN ? at : { ...at, finish: ending }, rows, depth, panels);
    if (!whole) dropPadding(heap, padded, target, rows, columns);
  });
  return out;
}

/** Side of the square tiles: two of them fit in the fastest cache. */
const TILE = 32;

/** Writes the transpose of a row-major `[rows, columns]` matrix. */
function transposeInto(from: Float32Array, to: Float32Array, rows: number, columns: number): void {
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
function transpose2d(backend: WasmBackend, matrix: tf.TensorInfo): tf.TensorInfo {
  const [rows, columns] = matrix.shape as [number, number];
  const out = backend.makeOutput([columns, rows], 'float32');
  transposeInto(floats(backend, matrix), floats(backend, out), rows, columns);
  return out;
}
