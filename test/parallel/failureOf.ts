import { expect } from 'vitest';
import { OverconfidenceError } from '../../src/core/errors';

/** What a promise is rejected with. */
export async function failureOf(work: Promise<unknown>): Promise<OverconfidenceError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(OverconfidenceError);
  return error as OverconfidenceError;
}
