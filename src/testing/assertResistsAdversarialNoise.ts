import type { ModelLike } from '../classifier/types';
import type { AdversarialNoiseOptions } from './adversarialNoise';
import { demand } from './assertionError';
import { type AdversarialNoiseResult, resistsAdversarialNoise } from './checkResistsAdversarialNoise';

/**
 * Fails a test unless a model stays unsure of itself on noise after an attack that looks for high confidence: the mean of its
 * confidences must then be at most `maxMmc`; see {@link checkResistsAdversarialNoise}. The message has the code that makes
 * the worst image again.
 *
 * @param model - A model; see `classifier`. A GraphModel or function must be made of operations with gradients.
 * @returns The numbers of a check that holds.
 * @throws {@link AssertionError}, by rejecting the promise, with the numbers in its message; OverconfidenceError as
 *   {@link checkResistsAdversarialNoise}.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { test } from 'node:test';
 * import { pgdLinf, uniformNoise } from 'relu-overconfidence';
 * import { mlp } from 'relu-overconfidence/models';
 * import { assertResistsAdversarialNoise } from 'relu-overconfidence/testing';
 *
 * const model = mlp({ inputShape: [4], hidden: [8], classes: 3, seed: 1 });
 * const images = uniformNoise([30, 4], { seed: 'stand-in for test images' });
 * test('no noise nearby makes the model sure of itself', async () => {
 *   await assertResistsAdversarialNoise(model, { images, maxMmc: 0.9, epsilon: 0.1, steps: 10, attack: pgdLinf, seed: 1 });
 * });
 * ```
 */
export async function assertResistsAdversarialNoise(
  model: ModelLike,
  options: AdversarialNoiseOptions,
): Promise<AdversarialNoiseResult> {
  return demand(await resistsAdversarialNoise('assertResistsAdversarialNoise', model, options));
}
