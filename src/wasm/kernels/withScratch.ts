import { disposing, floats, type WasmBackend } from '../backend';

/** Bytes of a line of the caches. */
export const LINE = 64;

/**
 * Hands `work` the addresses of several areas of zeros, of the given sizes in bytes, and frees them afterwards. Each
 * starts at a cache line, so that vectors do not straddle two.
 */
export function withScratch<Name extends string, Result>(
  backend: WasmBackend,
  bytes: Readonly<Record<Name, number>>,
  work: (addresses: Readonly<Record<Name, number>>) => Result,
): Result {
  const names = Object.keys(bytes) as Name[];
  const lines = names.map((name) => Math.ceil(bytes[name] / LINE));
  const total = lines.reduce((sum, count) => sum + count, 1);
  const block = backend.makeOutput([(total * LINE) / Float32Array.BYTES_PER_ELEMENT], 'float32');
  return disposing(backend, block, () => {
    let next = Math.ceil(floats(backend, block).fill(0).byteOffset / LINE) * LINE;
    const addresses = {} as Record<Name, number>;
    names.forEach((name, i) => {
      addresses[name] = next;
      next += lines[i]! * LINE;
    });
    return work(addresses);
  });
}
