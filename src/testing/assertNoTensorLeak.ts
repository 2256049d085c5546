import { demand } from './assertionError';
import { noTensorLeak, type TensorLeakResult } from './checkNoTensorLeak';

/**
 * Fails a test unless a function leaves as many live tensors as it found; see {@link checkNoTensorLeak} for what counts.
 *
 * @param work - The function; awaited if it returns a promise. What it throws is thrown on.
 * @returns The numbers of a check that holds.
 * @throws {@link AssertionError}, by rejecting the promise, with the numbers in its message; OverconfidenceError
 *   `INVALID_ARGUMENT` if `work` is not a function.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { test } from 'node:test';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { assertNoTensorLeak } from 'relu-overconfidence/testing';
 *
 * test('squaring leaves nothing behind', async () => {
 *   await assertNoTensorLeak(() => tf.tidy(() => void tf.square(tf.scalar(3))));
 * });
 * ```
 */
export async function assertNoTensorLeak(work: () => unknown): Promise<TensorLeakResult> {
  return demand(await noTensorLeak('assertNoTensorLeak', work));
}
