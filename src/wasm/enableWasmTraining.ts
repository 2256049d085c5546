import * as tf from '@tensorflow/tfjs-core';
import { refuse } from '../core/check';
import { BACKEND } from './backend';
import { faster, missing } from './kernelTable';
import { registered } from './registered';

/**
 * Makes the WebAssembly backend of tfjs fit for training: registers the gradient kernels it lacks (of convolutions,
 * depthwise convolutions and gathers) and replaces those that are slow by several times faster ones (gradients of
 * convolutions and pooling, matrix products with a transposed factor, sums over the leading axes, copies).
 *
 * A side effect on tfjs, and the only one of this library: from here on every model on the backend `'wasm'` uses these
 * kernels. Results agree with the stock kernels up to float32 rounding. Call it before or after `tf.setBackend('wasm')`;
 * calling it again changes nothing. {@link disableWasmTraining} takes it back.
 *
 * The backend's own package is yours to install and import, in a version of tfjs 4.
 *
 * @throws OverconfidenceError `MISSING_DEPENDENCY` if `@tensorflow/tfjs-backend-wasm` has not been imported.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-wasm';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { enableWasmTraining } from 'relu-overconfidence/wasm';
 *
 * enableWasmTraining();
 * await tf.setBackend('wasm');
 * ```
 */
export function enableWasmTraining(): void {
  checkBackend();
  for (const [kernelName, make] of faster) {
    const stock = tf.getKernel(kernelName, BACKEND);
    // A kernel that an older backend lacks altogether is not one we can speed up.
    if (registered.has(kernelName) || stock === undefined) continue;
    registered.set(kernelName, stock);
    // tfjs warns when a kernel is registered twice. The stock kernel's set-up must still run: ours falls back on it.
    tf.unregisterKernel(kernelName, BACKEND);
    tf.registerKernel({ ...stock, kernelFunc: make(stock.kernelFunc) });
  }
  for (const [kernelName, make] of missing) {
    if (tf.getKernel(kernelName, BACKEND) !== undefined) continue;
    registered.set(kernelName, undefined);
    tf.registerKernel({ kernelName, backendName: BACKEND, kernelFunc: make() });
  }
}

function checkBackend(): void {
  if (tf.findBackendFactory(BACKEND) !== null) return;
  refuse(
    { fn: 'enableWasmTraining', argument: 'backend' },
    'MISSING_DEPENDENCY',
    "the registered backend 'wasm'",
    'no such backend',
    "Install @tensorflow/tfjs-backend-wasm and import it first: `import '@tensorflow/tfjs-backend-wasm'`.",
  );
}
