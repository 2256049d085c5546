export type { AdversarialNoiseOptions } from './adversarialNoise';
export { AssertionError } from './assertionError';
export { assertNoTensorLeak } from './assertNoTensorLeak';
export { assertResistsAdversarialNoise } from './assertResistsAdversarialNoise';
export { assertSeparates } from './assertSeparates';
export { assertStaysConfidentOn } from './assertStaysConfidentOn';
export { assertUnconfidentOn } from './assertUnconfidentOn';
export { checkNoTensorLeak, type TensorLeakResult } from './checkNoTensorLeak';
export { type AdversarialNoiseResult, checkResistsAdversarialNoise } from './checkResistsAdversarialNoise';
export { checkSeparates, type SeparatesOptions, type SeparatesResult } from './checkSeparates';
export { checkStaysConfidentOn, type StaysConfidentOptions, type StaysConfidentResult } from './checkStaysConfidentOn';
export { checkUnconfidentOn } from './checkUnconfidentOn';
export { matchers } from './matchers';
export type {
  MatcherResult,
  Matchers,
  OverconfidenceMatchers,
  ScoresOrImages,
  SeparateArguments,
} from './matcherTypes';
export type { CheckResult, JudgedImage, UnconfidentOptions, UnconfidentResult } from './types';
