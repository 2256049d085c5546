import type * as tf from '@tensorflow/tfjs-core';
import type { ModelLike } from '../classifier/types';
import type { AdversarialNoiseOptions } from './adversarialNoise';
import type { ScoresOrImages, SeparatesOptions } from './checkSeparates';
import type { StaysConfidentOptions } from './checkStaysConfidentOn';
import type { UnconfidentOptions } from './checkUnconfidentOn';

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
