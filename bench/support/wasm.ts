import '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { enableWasmTraining } from 'relu-overconfidence/wasm';

/** Switches to the wasm backend with our kernels, without the banner that tfjs prints in Node. */
export async function useWasm(): Promise<void> {
  tf.env().set('PROD', true);
  await tf.setBackend('wasm');
  enableWasmTraining();
}

/** Size of the wasm memory in bytes; it never shrinks. */
export function wasmHeap(): number {
  const { wasm } = tf.backend() as tf.KernelBackend & { readonly wasm: { readonly HEAPU8: Uint8Array } };
  return wasm.HEAPU8.byteLength;
}
