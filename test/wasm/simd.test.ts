import { describe, expect, test } from 'vitest';
import { add, assemble, forRange, load, mul, set, store, vAdd } from '../../src/core/assembler';
import type { WasmBackend } from '../../src/wasm/backend';
import { PANEL } from '../../src/wasm/simd/multiplySource';
import { simd } from '../../src/wasm/simd/simd';
import { values } from './kernelCase';

/** A backend of which nothing is used but its memory. */
function withMemory(memory?: WebAssembly.Memory): WasmBackend {
  const unused = () => {
    throw new Error('not used here');
  };
  return {
    makeOutput: unused,
    typedArrayFromHeap: unused,
    disposeData: unused,
    incRef: unused,
    wasm: memory === undefined ? {} : { asm: { memory } },
  };
}

describe('assembler', () => {
  test('a loop over memory with constants of every size does what was written', () => {
    const memory = new WebAssembly.Memory({ initial: 2 });
    const bytes = assemble([
      {
        name: 'double',
        parameters: 2,
        body: (scope, address, count) => {
          const [at, end] = [scope.i32(), scope.i32()];
          const value = scope.v128();
          return [
            // 100000 and -100000 take three bytes each in the format of constants.
            set(end, add(add(add(address, mul(count, 4)), 100_000), -100_000)),
            forRange(at, address, end, 16, [set(value, load(at, 128)), store(at, vAdd(value, value), 65_536)]),
          ];
        },
      },
    ]);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
    const floats = new Float32Array(memory.buffer);
    floats.set([1, 2, 3, 4, 5, 6, 7, 8, 9], 32);
    (exports.double as (address: number, count: number) => void)(0, 8);
    expect(Array.from(floats.subarray(16_384, 16_394))).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 0, 0]);
  });
});

describe('simd', () => {
  test('is not available without the memory of the backend, nor on one shared between threads', () => {
    expect(simd(withMemory())).toBeNull();
    expect(simd(withMemory(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })))).toBeNull();
  });

  test('a product over panels of columns is the plain sum', () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const vectors = simd(withMemory(memory))!;
    const [rows, depth, panels] = [2 * vectors.rows, 11, 2];
    const a = values(rows * depth, 1);
    const b = values(panels * depth * PANEL, 2);
    const heap = new Float32Array(memory.buffer);
    heap.set(a, 0);
    heap.set(b, 1000);
    vectors.multiply(0, 4000, 8000, rows, depth, panels);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < panels * PANEL; c++) {
        const panel = Math.floor(c / PANEL);
        let sum = 0;
        for (let k = 0; k < depth; k++) sum += a[r * depth + k]! * b[(panel * depth + k) * PANEL + (c % PANEL)]!;
        expect(heap[2000 + r * panels * PANEL + c]).toBeCloseTo(sum, 4);
      }
    }
  });
});
