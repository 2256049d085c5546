import type * as tf from '@tensorflow/tfjs-core';
import type { ModelLike } from '../classifier/types';
import { demand } from './assertionError';
import { type StaysConfidentOptions, type StaysConfidentResult, staysConfidentOn } from './checkStaysConfidentOn';

/**
 * Fails a test unless a model is still sure of itself, and right, on images of its task: the mean of its confidences must be
 * at least `minMmc`, the share of wrong predictions at most `maxError`; see {@link checkStaysConfidentOn}.
 *
 * @param model - A model; see `classifier`.
 * @param x - `[B, ...inputShape]`, finite; may lie outside the classifier's bounds.
 * @returns The numbers of a check that holds.
 * @throws {@link AssertionError}, by rejecting the promise, with the numbers in its message; OverconfidenceError as
 *   {@link checkStaysConfidentOn}.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { test } from 'node:test';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { assertStaysConfidentOn } from 'relu-overconfidence/testing';
 *
 * const model = (x: tf.Tensor) => tf.mul(x, 9) as tf.Tensor2D;
 * test('the model still knows what it knows', async () => {
 *   const labels = tf.tensor1d([0, 1], 'int32');
 *   await assertStaysConfidentOn(model, tf.tensor2d([[1, 0], [0, 1]]), { minMmc: 0.9, labels, maxError: 0.05 });
 * });
 * ```
 */
export async function assertStaysConfidentOn(
  model: ModelLike,
  x: tf.Tensor,
  options: StaysConfidentOptions,
): Promise<StaysConfidentResult> {
  return demand(await staysConfidentOn('assertStaysConfidentOn', model, x, options));
}
