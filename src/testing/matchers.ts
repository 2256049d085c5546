import type { ModelLike } from '../classifier/types';
import { noTensorLeak } from './checkNoTensorLeak';
import { resistsOrFails } from './checkResistsAdversarialNoise';
import type { CheckResult } from './checkResult';
import { type SeparatesQuestion, separates } from './checkSeparates';
import { staysConfidentOn } from './checkStaysConfidentOn';
import { unconfidentOn } from './checkUnconfidentOn';
import type { MatcherResult, Matchers, SeparateArguments } from './matcherTypes';

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
