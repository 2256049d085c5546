import type { CheckResult } from './types';

/** Thrown by the assertions of this library; test runners report it as a failure, with its message. */
export class AssertionError<R extends CheckResult = CheckResult> extends Error {
  /** Always 'AssertionError', by which test runners know a failure from a fault. */
  override readonly name = 'AssertionError';
  /** Everything the check found. */
  readonly result: R;

  /** Takes its message from the result. */
  constructor(result: R) {
    super(result.message);
    this.result = result;
  }
}

/** Returns the result of a check that holds, and throws that of one that does not. */
export function demand<R extends CheckResult>(result: R): R {
  if (!result.holds) throw new AssertionError(result);
  return result;
}
