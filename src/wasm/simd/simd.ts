import { assemble, type FunctionSource } from '../../core/assembler';
import type { WasmBackend } from '../backend';
import { DEPTHWISE_WIDTHS, depthwiseSource, MOST_TAPS } from './depthwiseSource';
import { gateSource } from './gateSource';
import { maxPoolGradSource } from './maxPoolGradSource';
import { multiplySource, packColumnsSource, packRowsSource, rowsAtATime } from './multiplySource';
import { addPatchesSource, patchesSource } from './patchesSource';
import { winogradInputSource, winogradOutputSource } from './winogradSource';

const TAPS = Array.from({ length: MOST_TAPS + 1 }, (_, taps) => taps);

const sources = (fused: boolean): FunctionSource[] => [
  addPatchesSource,
  gateSource,
  maxPoolGradSource,
  multiplySource(fused, false),
  multiplySource(fused, true),
  packColumnsSource,
  packRowsSource,
  patchesSource,
  winogradInputSource,
  winogradOutputSource(2),
  winogradOutputSource(4),
  ...DEPTHWISE_WIDTHS.flatMap((width) => TAPS.map((taps) => depthwiseSource(taps, width, fused))),
];

type Run = (...parameters: number[]) => void;

/** Vector code that works directly on the memory of the backend; all addresses and strides are in bytes. */
export interface Simd
  extends Readonly<
    Record<
      | 'addPatches'
      | 'gate'
      | 'maxPoolGrad'
      | 'multiply'
      | 'multiplyFinish'
      | 'packColumns'
      | 'packRows'
      | 'patches'
      | 'winogradInput'
      | 'winogradOutput2'
      | 'winogradOutput4',
      Run
    >
  > {
  /** Sums of so many taps, from none to nine, for four or eight channels at a time. */
  readonly depthwise: Readonly<Record<4 | 8, readonly Run[]>>;
  /** Rows of a product worked on at a time: the number of rows of a `multiply` is a multiple. */
  readonly rows: number;
}

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
      const { exports } = new WebAssembly.Instance(module, { env: { memory } });
      const tapsOf = (width: number) => TAPS.map((taps) => exports[`depthwise${taps}x${width}`] as Run);
      const depthwise = { 4: tapsOf(4), 8: tapsOf(8) };
      return { ...(exports as Omit<Simd, 'depthwise' | 'rows'>), depthwise, rows: rowsAtATime(fused) };
    } catch {}
  }
  return null;
}
