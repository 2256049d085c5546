import * as tf from '@tensorflow/tfjs-core';

/** Name under which tfjs registers the WebAssembly backend. */
export const BACKEND = 'wasm';

/** What the kernels of this room use of the WebAssembly backend; its package is the user's and is never imported. */
export interface WasmBackend {
  /** Reserves memory of the wasm heap for a result; its content is undefined. */
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  /** A view of a tensor's values. Any allocation may move the heap, so a view is fetched after the last one. */
  typedArrayFromHeap(info: tf.TensorInfo): Float32Array | Int32Array | Uint8Array;
  /** Gives one reference back; the memory is freed with the last. */
  disposeData(dataId: object): boolean;
  /** The backend's own module, with its memory among its exports. */
  readonly wasm: { readonly asm?: { readonly memory?: unknown } };
  /** Counts one reference more. */
  incRef(dataId: object): void;
}

/** One call of a kernel, with its inputs and attributes named as tfjs names them. */
export interface KernelCall<Inputs, Attrs> {
  readonly inputs: Inputs;
  readonly attrs: Attrs;
  readonly backend: WasmBackend;
}

/** A kernel of this room: one result, owned by the caller. */
export type Kernel<Inputs, Attrs> = (call: KernelCall<Inputs, Attrs>) => tf.TensorInfo;

/** A float32 view of a tensor on the wasm heap, valid until the next allocation. */
export function floats(backend: WasmBackend, info: tf.TensorInfo): Float32Array {
  return backend.typedArrayFromHeap(info) as Float32Array;
}

/** The same values under another shape; shares the memory and is not to be disposed on its own. */
export function view(info: tf.TensorInfo, shape: number[]): tf.TensorInfo {
  return { dataId: info.dataId, shape, dtype: info.dtype };
}

/** Runs whichever kernel is registered under this name. The caller disposes the result. */
export function runKernel(
  backend: WasmBackend,
  name: string,
  inputs: tf.NamedTensorInfoMap,
  attrs: object,
): tf.TensorInfo {
  const { kernelFunc } = tf.getKernel(name, BACKEND);
  return kernelFunc({ inputs, backend, attrs: attrs as tf.NamedAttrMap }) as tf.TensorInfo;
}

/** Hands a tensor to `work` and gives its memory back afterwards. */
export function disposing<T>(backend: WasmBackend, info: tf.TensorInfo, work: (info: tf.TensorInfo) => T): T {
  try {
    return work(info);
  } finally {
    backend.disposeData(info.dataId);
  }
}

/** A product of two matrices, `[m, k] x [k, n]`. The caller disposes the result. */
export function matMul(backend: WasmBackend, a: tf.TensorInfo, b: tf.TensorInfo): tf.TensorInfo {
  return runKernel(backend, tf.BatchMatMul, { a, b }, { transposeA: false, transposeB: false });
}
