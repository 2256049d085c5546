import { expectTypeOf, test } from 'vitest';
import {
  type AdversarialNoiseResult,
  assertNoTensorLeak,
  assertResistsAdversarialNoise,
  assertSeparates,
  assertStaysConfidentOn,
  assertUnconfidentOn,
  checkNoTensorLeak,
  checkResistsAdversarialNoise,
  checkSeparates,
  checkStaysConfidentOn,
  checkUnconfidentOn,
  type SeparatesResult,
  type StaysConfidentResult,
  type TensorLeakResult,
  type UnconfidentResult,
} from '../../src/testing/index';

test('what the functions of relu-overconfidence/testing return', () => {
  expectTypeOf(assertNoTensorLeak).returns.toEqualTypeOf<Promise<TensorLeakResult>>();
  expectTypeOf(checkNoTensorLeak).returns.toEqualTypeOf<Promise<TensorLeakResult>>();
  expectTypeOf(assertResistsAdversarialNoise).returns.toEqualTypeOf<Promise<AdversarialNoiseResult>>();
  expectTypeOf(checkResistsAdversarialNoise).returns.toEqualTypeOf<Promise<AdversarialNoiseResult>>();
  expectTypeOf(assertSeparates).returns.toEqualTypeOf<SeparatesResult | Promise<SeparatesResult>>();
  expectTypeOf(checkSeparates).returns.toEqualTypeOf<SeparatesResult | Promise<SeparatesResult>>();
  expectTypeOf(assertStaysConfidentOn).returns.toEqualTypeOf<Promise<StaysConfidentResult>>();
  expectTypeOf(checkStaysConfidentOn).returns.toEqualTypeOf<Promise<StaysConfidentResult>>();
  expectTypeOf(assertUnconfidentOn).returns.toEqualTypeOf<Promise<UnconfidentResult>>();
  expectTypeOf(checkUnconfidentOn).returns.toEqualTypeOf<Promise<UnconfidentResult>>();
});
