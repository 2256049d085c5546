import type * as tf from '@tensorflow/tfjs-core';
import type { ModelLike } from '../classifier/types';
import { demand } from './assertionError';
import { unconfidentOn } from './checkUnconfidentOn';
import type { UnconfidentOptions, UnconfidentResult } from './types';

/**
 * Fails a test unless a model is unsure of itself on images that it should not be sure of, such as noise: the mean of its
 * confidences must be at most `maxMmc`; see {@link checkUnconfidentOn}. For node:test and any other test runner.
 *
 * @param model - A model; see `classifier`.
 * @param x - `[B, ...inputShape]`, finite; may lie outside the classifier's bounds.
 * @returns The numbers of a check that holds.
 * @throws {@link AssertionError}, by rejecting the promise, with the numbers in its message; OverconfidenceError as
 *   {@link checkUnconfidentOn}.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { test } from 'node:test';
 * import { uniformNoise } from 'relu-overconfidence';
 * import { mlp } from 'relu-overconfidence/models';
 * import { assertUnconfidentOn } from 'relu-overconfidence/testing';
 *
 * const model = mlp({ inputShape: [4], hidden: [8], classes: 3, seed: 1 });
 * test('the model knows that it does not know noise', async () => {
 *   await assertUnconfidentOn(model, uniformNoise([50, 4], { seed: 1 }), { maxMmc: 0.9 });
 * });
 * ```
 */
export async function assertUnconfidentOn(
  model: ModelLike,
  x: tf.Tensor,
  options: UnconfidentOptions,
): Promise<UnconfidentResult> {
  return demand(await unconfidentOn('assertUnconfidentOn', model, x, options));
}
