import * as tf from '@tensorflow/tfjs-core';
import { OverconfidenceError } from '../core/errors';
import { enableWasmTraining } from '../wasm/enableWasmTraining';
import type { SetupRequest } from './messages';
import type { PoolBackend } from './types';

const where = { fn: 'createTrainingPool', argument: 'backend' };

/** Selects the backend of this worker and makes it fit for training. */
export async function workerBackend({ backend, winograd, wasmPaths }: SetupRequest): Promise<void> {
  // Without the hints for beginners, which every worker would print again.
  tf.env().set('PROD', true);
  try {
    // The imports stand inside the `try`: that is how bundlers know that a package need not be there.
    if (backend === 'cpu') await import('@tensorflow/tfjs-backend-cpu');
    else if (backend === 'webgl') await import('@tensorflow/tfjs-backend-webgl');
    else if (backend === 'webgpu') await import('@tensorflow/tfjs-backend-webgpu');
    else prepareWasm(await import('@tensorflow/tfjs-backend-wasm'), wasmPaths);
    if (!(await tf.setBackend(backend))) throw new Error('tf.setBackend could not start it');
  } catch (cause) {
    refuseBackend(backend, cause);
  }
  if (backend === 'wasm') enableWasmTraining({ winograd });
}

function prepareWasm(
  { setWasmPaths }: typeof import('@tensorflow/tfjs-backend-wasm'),
  wasmPaths: string | undefined,
): void {
  if (wasmPaths !== undefined) setWasmPaths(wasmPaths);
  // The workers are the threads; a backend that starts threads of its own in each of them would only get in their way.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
}

function refuseBackend(backend: PoolBackend, cause: unknown): never {
  throw new OverconfidenceError({
    ...where,
    code: 'MISSING_DEPENDENCY',
    expected: 'a backend that is installed and runs in the workers',
    got: `'${backend}', which failed (${cause instanceof Error ? cause.message : String(cause)})`,
    fix: `Run: npm install @tensorflow/tfjs-backend-${backend}${backend === 'wasm' ? ', and in browsers name the folder of its binaries in `wasmPaths`' : ''}. In Node there are 'cpu' and 'wasm'.`,
    cause,
  });
}
