import * as tf from '@tensorflow/tfjs-core';
import { BACKEND } from './backend';
import { registered } from './registered';

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
