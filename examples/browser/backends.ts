import '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import plainWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import * as tf from '@tensorflow/tfjs-core';
import { enableWasmTraining } from 'relu-overconfidence/wasm';

// Without the banners that tfjs prints otherwise.
tf.env().set('PROD', true);
setWasmPaths({
  'tfjs-backend-wasm.wasm': plainWasm,
  'tfjs-backend-wasm-simd.wasm': simdWasm,
  'tfjs-backend-wasm-threaded-simd.wasm': threadedWasm,
});

/** A backend of tfjs: whether this browser has what it needs, how it is loaded, and what to say of it. */
interface Backend {
  readonly note: string;
  isUsable(): boolean | Promise<boolean>;
  load(): unknown;
}

export type BackendName = keyof typeof BACKENDS;

/** The backends in the order in which they suit networks as small as these. */
const BACKENDS = {
  wasm: {
    note: 'on the processor: fastest for networks this small',
    isUsable: () => typeof WebAssembly === 'object',
    load: () => enableWasmTraining(),
  },
  webgl: {
    note: 'on the graphics card: pays off for larger networks',
    isUsable: () => document.createElement('canvas').getContext('webgl2') !== null,
    load: () => import('@tensorflow/tfjs-backend-webgl'),
  },
  webgpu: {
    note: 'on the graphics card: pays off for larger networks',
    isUsable: async () => ((await navigator.gpu?.requestAdapter()) ?? null) !== null,
    load: () => import('@tensorflow/tfjs-backend-webgpu'),
  },
  cpu: { note: 'in plain JavaScript: slow, and runs everywhere', isUsable: () => true, load: () => undefined },
} as const satisfies Record<string, Backend>;

/** What this browser can compute on, the best choice first. */
export async function usableBackends(): Promise<BackendName[]> {
  const names = Object.keys(BACKENDS) as BackendName[];
  const usable = await Promise.all(names.map((name) => BACKENDS[name].isUsable()));
  return names.filter((_, i) => usable[i]);
}

/** Makes a backend the one that everything runs on, and returns what to say of it. */
export async function useBackend(name: BackendName): Promise<string> {
  await BACKENDS[name].load();
  if (!(await tf.setBackend(name))) throw new Error(`The backend ${name} could not be started.`);
  return BACKENDS[name].note;
}
