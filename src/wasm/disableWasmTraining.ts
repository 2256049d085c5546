import type { KernelConfig } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { BACKEND } from './backend';

/**
 * Takes {@link enableWasmTraining} back: the stock kernels return as they were, the added ones go. Without a call of
 * `enableWasmTraining` before, it does nothing.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-wasm';
 * import { disableWasmTraining, enableWasmTraining } from 'relu-overconfidence/wasm';
 *
 * enableWasmTraining();
 * disableWasmTraining();
 * ```
 */
export function disableWasmTraining(): void {
  for (const [kernelName, stock] of registered) {
    tf.unregisterKernel(kernelName, BACKEND);
    if (stock !== undefined) tf.registerKernel(stock);
  }
  registered.clear();
}

/** What enabling has changed, by kernel name: the stock kernel to put back, or `undefined` where there was none. */
export const registered = new Map<string, KernelConfig | undefined>();
