import { machineMemory } from './nodeModules';

/** Bytes that the wasm backend can have: its addresses have 32 bits. */
const WASM = 4 * 2 ** 30;

let told: number | undefined;

/** Sets the bytes that loops over images may use in this thread where their caller says nothing. */
export function limitMemory(bytes: number | undefined): void {
  told = bytes;
}

/** Bytes that a loop over images may use unless it is told otherwise: half of what the backend or the machine has. */
export function memoryLimit(backend: string): number {
  return told ?? Math.min(machineMemory(), backend === 'wasm' ? WASM : Number.POSITIVE_INFINITY) / 2;
}
