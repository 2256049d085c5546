import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import type { ErrorCode } from '../../src/core/errors';
import { OverconfidenceError } from '../../src/core/errors';

/** Expects a call to be refused with this code, naming the function and the argument, and to leak nothing. */
export async function expectRefusal(
  work: () => unknown,
  { code, fn, argument }: { code: ErrorCode; fn: string; argument: string },
): Promise<void> {
  const before = tf.memory().numTensors;
  let caught: unknown;
  try {
    await work();
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(OverconfidenceError);
  const { code: gotCode, fn: gotFn, argument: gotArgument, fix } = caught as OverconfidenceError;
  expect({ code: gotCode, fn: gotFn, argument: gotArgument }).toEqual({ code, fn, argument });
  expect(fix.length).toBeGreaterThan(5);
  expect(tf.memory().numTensors).toBe(before);
}
