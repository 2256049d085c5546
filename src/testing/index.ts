/**
 * Matchers and assertions for unit tests.
 *
 * @module relu-overconfidence/testing
 */
export type { AdversarialNoiseOptions } from './adversarialNoise';
export { assertNoTensorLeak, checkNoTensorLeak, type TensorLeakResult } from './checkNoTensorLeak';
export {
  type AdversarialNoiseResult,
  assertResistsAdversarialNoise,
  checkResistsAdversarialNoise,
} from './checkResistsAdversarialNoise';
export type { JudgedImage } from './checkResult';
export { AssertionError, type CheckResult } from './checkResult';
export {
  assertSeparates,
  checkSeparates,
  type ScoresOrImages,
  type SeparatesOptions,
  type SeparatesResult,
} from './checkSeparates';
export {
  assertStaysConfidentOn,
  checkStaysConfidentOn,
  type StaysConfidentOptions,
  type StaysConfidentResult,
} from './checkStaysConfidentOn';
export {
  assertUnconfidentOn,
  checkUnconfidentOn,
  type UnconfidentOptions,
  type UnconfidentResult,
} from './checkUnconfidentOn';
export type {
  MatcherResult,
  Matchers,
  OverconfidenceMatchers,
  SeparateArguments,
} from './matchers';
export { matchers } from './matchers';
