import type { WasmBackend } from '../backend';
import { assemble } from './assembler';
import { maxPoolGradSource } from './maxPoolGradSource';
import { multiplySource, packColumnsSource, packRowsSource } from './multiplySource';
import { winogradInputSource, winogradOutputSource } from './winogradSource';

const sources = (fused: boolean) => [
  maxPoolGradSource,
  multiplySource(fused),
  packColumnsSource,
  packRowsSource,
  winogradInputSource,
  winogradOutputSource(2),
  winogradOutputSource(4),
];

type Run = (...parameters: number[]) => void;

/** Vector code that works directly on the memory of the backend; all addresses and strides are in bytes. */
export type Simd = Readonly<
  Record<
    'maxPoolGrad' | 'multiply' | 'packColumns' | 'packRows' | 'winogradInput' | 'winogradOutput2' | 'winogradOutput4',
    Run
  >
>;

const instances = new WeakMap<WasmBackend, Simd | null>();

/** The vector code for this backend, or `null` where the engine lacks SIMD or the memory cannot be shared. */
export function simd(backend: WasmBackend): Simd | null {
  const known = instances.get(backend);
  if (known !== undefined) return known;
  const instance = instantiate(backend.wasm.asm?.memory);
  instances.set(backend, instance);
  return instance;
}

function instantiate(memory: unknown): Simd | null {
  if (!(memory instanceof WebAssembly.Memory)) return null;
  // Engines without relaxed SIMD refuse the first module, those without SIMD and shared memories both.
  for (const fused of [true, false]) {
    try {
      // Compiled at once, as a kernel cannot wait.
      const module = new WebAssembly.Module(assemble(sources(fused)));
      return new WebAssembly.Instance(module, { env: { memory } }).exports as Simd;
    } catch {}
  }
  return null;
}
