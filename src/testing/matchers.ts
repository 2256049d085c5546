import type * as tf from '@tensorflow/tfjs-core';
import type { ModelLike } from '../classifier/types';
import type { AdversarialNoiseOptions } from './adversarialNoise';
import { noTensorLeak } from './checkNoTensorLeak';
import { resistsOrFails } from './checkResistsAdversarialNoise';
import type { CheckResult } from './checkResult';
import { type ScoresOrImages, type SeparatesOptions, type SeparatesQuestion, separates } from './checkSeparates';
import { type StaysConfidentOptions, staysConfidentOn } from './checkStaysConfidentOn';
import { type UnconfidentOptions, unconfidentOn } from './checkUnconfidentOn';

/**
 * The matchers for vitest and jest. Those that run a model return promises: await them.
 *
 * In TypeScript, tell your test runner about them once, in any file of the project: the lines for vitest are below, those
 * for jest stand at {@link OverconfidenceMatchers}. In CommonJS: `const { matchers } = require('relu-overconfidence/testing')`.
 *
 * @example
 * ```ts no-run
 * import '@tensorflow/tfjs-backend-cpu';
 * import { uniformNoise } from 'relu-overconfidence';
 * import { mlp } from 'relu-overconfidence/models';
 * import { matchers, type OverconfidenceMatchers } from 'relu-overconfidence/testing';
 * import { expect, test } from 'vitest';
 *
 * declare module 'vitest' {
 *   interface Matchers extends OverconfidenceMatchers {}
 * }
 *
 * expect.extend(matchers);
 *
 * test('the model knows that it does not know', async () => {
 *   const model = mlp({ inputShape: [4], hidden: [8], classes: 3, seed: 1 });
 *   await expect(model).toBeUnconfidentOn(uniformNoise([50, 4], { seed: 1 }), { maxMmc: 0.9 });
 *   await expect(model).toResistAdversarialNoise({ maxMmc: 0.9, epsilon: 0.1 });
 * });
 * ```
 */
export const matchers: Matchers = {
  toBeUnconfidentOn: async (model, x, options) =>
    matcherResult(await unconfidentOn('toBeUnconfidentOn', model, x, options)),
  toResistAdversarialNoise: async (model, options) =>
    matcherResult(await resistsOrFails('toResistAdversarialNoise', model, options)),
  toSeparate,
  toStayConfidentOn: async (model, x, options) =>
    matcherResult(await staysConfidentOn('toStayConfidentOn', model, x, options)),
  toHaveNoTensorLeak: async (work) => matcherResult(await noTensorLeak('toHaveNoTensorLeak', work)),
};

/** A check as test runners like to hear of it. */
function matcherResult({ holds, message }: CheckResult): MatcherResult {
  return { pass: holds, message: () => message };
}

/** The matcher of that name: of scores at once, of a model and images as a promise. */
function toSeparate(
  received: ArrayLike<number> | ModelLike,
  ...given: SeparateArguments
): MatcherResult | Promise<MatcherResult> {
  const result = separates('toSeparate', [received, ...given] as SeparatesQuestion);
  return result instanceof Promise ? result.then(matcherResult) : matcherResult(result);
}

/** What a matcher of vitest or jest returns. */
export interface MatcherResult {
  /** Whether the matcher matches. */
  readonly pass: boolean;
  /** What is wrong: that it does not match, or under `.not` that it does. */
  readonly message: () => string;
}

/** What `toSeparate` is called with: by scores with the other scores, by a model with both sides. */
export type SeparateArguments =
  | readonly [outScores: ArrayLike<number>, options: SeparatesOptions]
  | readonly [inside: ScoresOrImages, outside: ScoresOrImages, options: SeparatesOptions];

/** The functions that `expect.extend` takes; what each says of its subject stands at {@link OverconfidenceMatchers}. */
export type Matchers = {
  /** Of a model. */
  readonly toBeUnconfidentOn: (model: ModelLike, x: tf.Tensor, options: UnconfidentOptions) => Promise<MatcherResult>;
  /** Of a model. */
  readonly toResistAdversarialNoise: (model: ModelLike, options: AdversarialNoiseOptions) => Promise<MatcherResult>;
  /** Of scores, or of a model. */
  readonly toSeparate: (
    received: ArrayLike<number> | ModelLike,
    ...given: SeparateArguments
  ) => MatcherResult | Promise<MatcherResult>;
  /** Of a model. */
  readonly toStayConfidentOn: (
    model: ModelLike,
    x: tf.Tensor,
    options: StaysConfidentOptions,
  ) => Promise<MatcherResult>;
  /** Of a function. */
  readonly toHaveNoTensorLeak: (work: () => unknown) => Promise<MatcherResult>;
};

/**
 * What `expect(...)` has more after `expect.extend(matchers)`. The types of a test runner learn of it by a declaration of
 * your own, so that this library depends on none; {@link matchers} shows the one for vitest.
 *
 * @example
 * ```ts no-run
 * // jest with the global `expect` of @types/jest
 * import type { OverconfidenceMatchers } from 'relu-overconfidence/testing';
 *
 * declare global {
 *   namespace jest {
 *     interface Matchers<R, T> extends OverconfidenceMatchers {}
 *   }
 * }
 * ```
 *
 * With `expect` from `@jest/globals` it is `declare module 'expect' { interface Matchers<R, T> extends OverconfidenceMatchers {} }`.
 */
export interface OverconfidenceMatchers {
  /** Of a model: the mean confidence on images is at most `maxMmc`; as {@link checkUnconfidentOn}. */
  toBeUnconfidentOn(x: tf.Tensor, options: UnconfidentOptions): Promise<void>;
  /** Of a model: the same on noise after an attack; as {@link checkResistsAdversarialNoise}. */
  toResistAdversarialNoise(options: AdversarialNoiseOptions): Promise<void>;
  /** Of in-distribution scores: they are told from other scores; as {@link checkSeparates}. */
  toSeparate(outScores: ArrayLike<number>, options: SeparatesOptions): void;
  /** Of a model: its log-odds tell images from others. Scores that are known already may be passed for either side. */
  toSeparate(inside: ScoresOrImages, outside: ScoresOrImages, options: SeparatesOptions): Promise<void>;
  /** Of a model: the mean confidence on images is at least `minMmc`; as {@link checkStaysConfidentOn}. */
  toStayConfidentOn(x: tf.Tensor, options: StaysConfidentOptions): Promise<void>;
  /** Of a function: it leaves as many live tensors as it found; as {@link checkNoTensorLeak}. */
  toHaveNoTensorLeak(): Promise<void>;
}
