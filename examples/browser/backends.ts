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

/** A backend of tfjs: whether this browser has what it needs, and how it is loaded. */
interface Backend {
  isUsable(): boolean | Promise<boolean>;
  load(): unknown;
}

export type BackendName = keyof typeof BACKENDS;

/** Networks of some thousand weights, or of millions. */
export type NetworkSize = 'small' | 'large';

/** The backends in the order in which they suit small networks. */
const BACKENDS = {
  wasm: { isUsable: () => typeof WebAssembly === 'object', load: () => enableWasmTraining() },
  webgl: {
    isUsable: () => document.createElement('canvas').getContext('webgl2') !== null,
    load: () => import('@tensorflow/tfjs-backend-webgl'),
  },
  webgpu: {
    isUsable: async () => ((await navigator.gpu?.requestAdapter()) ?? null) !== null,
    load: () => import('@tensorflow/tfjs-backend-webgpu'),
  },
  cpu: { isUsable: () => true, load: () => undefined },
} as const satisfies Record<string, Backend>;

/** What this browser can compute on, the best choice for small networks first. */
export async function usableBackends(): Promise<BackendName[]> {
  const names = Object.keys(BACKENDS) as BackendName[];
  const usable = await Promise.all(names.map((name) => BACKENDS[name].isUsable()));
  return names.filter((_, i) => usable[i]);
}

/** The best choice among usable backends: for large networks a graphics card, if there is one that is not imitated. */
export function bestBackend(usable: readonly BackendName[], size: NetworkSize): BackendName {
  const isFast = size === 'large' && usable.includes('webgl') && hasGraphicsCard();
  return isFast ? 'webgl' : usable[0]!;
}

/** Whether webgl runs on a graphics card, and is not imitated by the processor. */
function hasGraphicsCard(): boolean {
  const context = document.createElement('canvas').getContext('webgl2', { failIfMajorPerformanceCaveat: true });
  const names = context?.getExtension('WEBGL_debug_renderer_info');
  if (!context || !names) return context !== null;
  return !/swiftshader|llvmpipe|basic render/i.test(String(context.getParameter(names.UNMASKED_RENDERER_WEBGL)));
}

/** What to say of a backend. */
export function noteOn(name: BackendName, size: NetworkSize): string {
  if (name === 'cpu') return 'in plain JavaScript: slow, and runs everywhere';
  if (name !== 'wasm') return 'on the graphics card: pays off for larger networks';
  return size === 'small' ? 'on the processor: fastest for networks this small' : 'on the processor';
}

/** Makes a backend the one that everything runs on. */
export async function useBackend(name: BackendName): Promise<void> {
  if (tf.getBackend() === name) return;
  await BACKENDS[name].load();
  if (!(await tf.setBackend(name))) throw new Error(`The backend ${name} could not be started.`);
}
