import { expectTypeOf, test } from 'vitest';
import { disableWasmTraining, enableWasmTraining } from '../../src/wasm/index';

test('what the functions of relu-overconfidence/wasm return', () => {
  expectTypeOf(disableWasmTraining).returns.toEqualTypeOf<void>();
  expectTypeOf(enableWasmTraining).returns.toEqualTypeOf<void>();
});
