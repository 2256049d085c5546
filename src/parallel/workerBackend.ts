import * as tf from '@tensorflow/tfjs-core';
import { OverconfidenceError } from '../core/errors';
import { enableWasmTraining } from '../wasm/enableWasmTraining';
import type { SetupTask } from './messages';
import type { PoolBackend } from './types';

const where = { fn: 'createTrainingPool', argument: 'backend' };

/** Selects the backend of this worker and makes it fit for training. */
export async function workerBackend({ backend, winograd, wasmPaths }: SetupTask): Promise<void> {
  // Without the hints for beginners, which every worker would print again.
  tf.env().set('PROD', true);
  await loading(backend, async () => {
    if (backend === 'wasm') await loadWasm(wasmPaths);
    else await LOAD[backend]();
    if (!(await tf.setBackend(backend))) throw new Error('tf.setBackend could not start it');
  });
  if (backend === 'wasm') enableWasmTraining({ winograd });
}

const LOAD: Readonly<Record<Exclude<PoolBackend, 'wasm'>, () => Promise<unknown>>> = {
  cpu: () => import('@tensorflow/tfjs-backend-cpu'),
  webgl: () => import('@tensorflow/tfjs-backend-webgl'),
  webgpu: () => import('@tensorflow/tfjs-backend-webgpu'),
};

async function loadWasm(wasmPaths: string | undefined): Promise<void> {
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  if (wasmPaths !== undefined) setWasmPaths(wasmPaths);
  // The workers are the threads; a backend that starts threads of its own in each of them would only get in their way.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
}

async function loading(backend: PoolBackend, load: () => Promise<void>): Promise<void> {
  try {
    await load();
  } catch (cause) {
    throw new OverconfidenceError({
      ...where,
      code: 'MISSING_DEPENDENCY',
      expected: 'a backend that is installed and runs in the workers',
      got: `'${backend}', which failed (${cause instanceof Error ? cause.message : String(cause)})`,
      fix: `Run: npm install @tensorflow/tfjs-backend-${backend}${backend === 'wasm' ? ', and in browsers name the folder of its binaries in `wasmPaths`' : ''}. In Node there are 'cpu' and 'wasm'.`,
      cause,
    });
  }
}
