/** A module with one function, `(a, b, c) => a * b + c` on four floats, in the one instruction of relaxed SIMD. */
const MODULE = [
  [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  [1, 8, 1, 0x60, 3, 0x7b, 0x7b, 0x7b, 1, 0x7b],
  [3, 2, 1, 0],
  [10, 13, 1, 11, 0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfd, 0x85, 0x02, 0x0b],
];

/** Whether this engine's WebAssembly has relaxed SIMD: V8 from 11.4 on (Node 22, Chrome 114), Firefox from 145 on. */
export function hasRelaxedSimd(): boolean {
  return typeof WebAssembly === 'object' && WebAssembly.validate(Uint8Array.from(MODULE.flat()));
}
