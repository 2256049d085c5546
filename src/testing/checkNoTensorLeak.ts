import * as tf from '@tensorflow/tfjs-core';
import { checkFunction } from '../core/check';
import { type CheckResult, counted, demand, wording } from './checkResult';

/** What a function left behind. */
export interface TensorLeakResult extends CheckResult {
  /** Live tensors before the call. */
  readonly before: number;
  /** Live tensors after it. */
  readonly after: number;
  /** How many bytes they hold more than before; negative if fewer. */
  readonly bytes: number;
}

/**
 * Whether a function leaves as many live tensors as it found. A tensor that it returns counts as left behind, so dispose of
 * it inside; so do tensors made once and kept for later, such as the slots of an optimizer: call the function once before.
 *
 * @param work - The function; awaited if it returns a promise. What it throws is thrown on.
 * @returns The numbers, and the same in words; fails no test by itself, see {@link assertNoTensorLeak}.
 * @throws OverconfidenceError, by rejecting the promise: `INVALID_ARGUMENT` if `work` is not a function.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { checkNoTensorLeak } from 'relu-overconfidence/testing';
 *
 * const { holds, after, before } = await checkNoTensorLeak(() => tf.square(tf.scalar(3)));
 * console.log(holds, after - before); // false 2
 * ```
 */
export function checkNoTensorLeak(work: () => unknown): Promise<TensorLeakResult> {
  return noTensorLeak('checkNoTensorLeak', work);
}

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

/** The same in the name of another function. */
export async function noTensorLeak(fn: string, work: () => unknown): Promise<TensorLeakResult> {
  checkFunction({ fn, argument: 'work' }, work);
  const { numTensors: before, numBytes } = tf.memory();
  const returned = await work();
  const { numTensors: after, numBytes: bytesAfter } = tf.memory();
  const holds = after === before;
  const bytes = bytesAfter - numBytes;
  const change = Math.abs(after - before);
  const message = wording(holds, 'the function', 'leave as many live tensors as it found', [
    `live tensors: ${before} before, ${after} after`,
    ...(holds ? [] : [`${counted(change, 'tensor')} ${after > before ? 'more' : 'fewer'} (${bytes} bytes)`]),
    ...(returned instanceof tf.Tensor ? ['it returns a tensor, which counts: dispose of it inside the function'] : []),
  ]);
  return { holds, before, after, bytes, message };
}
