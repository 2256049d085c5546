import * as tf from '@tensorflow/tfjs-core';
import { limitMemory } from '../../core/memoryLimit';
import { importOptional } from '../../core/nodeModules';
import { enableWasmTraining } from '../../wasm/enableWasmTraining';
import type { Values } from '../args/options';
import { bytes, oneOf } from '../args/read';
import { CliError, messageOf } from '../cliError';

/** A backend of TensorFlow.js that runs in Node: how it is imported, and the name under which it registers. */
interface Backend {
  readonly name: string;
  readonly package: string;
  readonly load: () => Promise<unknown>;
}

// Packages that this one does not know at all are imported by a name that bundlers do not follow.
const TFJS_NODE = '@tensorflow/tfjs-node';
const WEBGPU = 'webgpu';

const BACKENDS = {
  wasm: {
    name: 'wasm',
    package: '@tensorflow/tfjs-backend-wasm',
    load: () => import('@tensorflow/tfjs-backend-wasm'),
  },
  cpu: { name: 'cpu', package: '@tensorflow/tfjs-backend-cpu', load: () => import('@tensorflow/tfjs-backend-cpu') },
  webgpu: {
    name: 'webgpu',
    package: '@tensorflow/tfjs-backend-webgpu',
    load: async () => {
      await provideWebgpu();
      return import('@tensorflow/tfjs-backend-webgpu');
    },
  },
  node: { name: 'tensorflow', package: TFJS_NODE, load: () => import(TFJS_NODE) },
} as const satisfies Record<string, Backend>;

/** One of the backends. */
export type BackendName = keyof typeof BACKENDS;

/** Starts the backend of `--backend`, or else wasm where it is installed, or else cpu, and says which. */
export async function startBackend(values: Values): Promise<BackendName> {
  limitMemory(bytes(values, 'memory'));
  // Without the hints for beginners that tfjs prints in Node.
  tf.env().set('PROD', true);
  const name = oneOf(values, 'backend', Object.keys(BACKENDS) as BackendName[], undefined) ?? (await installed());
  const backend: Backend = BACKENDS[name];
  const wanted = { name: backend.package, reason: `it is the backend '${name}' of TensorFlow.js` };
  await importOptional('--backend', wanted, backend.load);
  const reason = await tf.setBackend(backend.name).then((started) => (started ? undefined : ''), messageOf);
  if (reason !== undefined)
    throw new CliError(
      `The backend '${name}' does not start here${reason && `: ${reason}`}.`,
      'Try --backend wasm or cpu.',
    );
  if (name === 'wasm') enableWasmTraining();
  return name;
}

async function installed(): Promise<BackendName> {
  for (const name of ['wasm', 'cpu'] as const)
    if (
      await BACKENDS[name].load().then(
        () => true,
        () => false,
      )
    )
      return name;
  throw new CliError(
    'No backend of TensorFlow.js is installed.',
    `Run: npm install ${BACKENDS.wasm.package} (the fastest that needs nothing else), or name another with --backend.`,
  );
}

/** Node has no WebGPU of its own; the package `webgpu` brings it. */
async function provideWebgpu(): Promise<void> {
  const load = (): Promise<{ create: (flags: string[]) => unknown; globals: object }> => import(WEBGPU);
  const { create, globals } = await importOptional(
    '--backend',
    { name: WEBGPU, reason: 'it brings WebGPU to Node' },
    load,
  );
  Object.assign(globalThis, globals);
  Object.defineProperty(globalThis, 'navigator', { value: { gpu: create([]) }, configurable: true });
}
