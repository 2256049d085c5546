import { OverconfidenceError } from '../core/errors';
import type { PlainError } from './messages';

/** An error made ready to be sent: errors lose their fields on the way to another thread. */
export function toPlainError(error: unknown): PlainError {
  if (error instanceof OverconfidenceError) {
    const { code, fn, argument, expected, got, fix } = error;
    return { known: { code, fn, argument, expected, got, fix } };
  }
  if (error instanceof Error) return { message: error.message, stack: error.stack ?? error.message };
  return { message: String(error), stack: String(error) };
}

/** The error that a worker reported: this library's as it was, any other as the cause of a `WORKER_FAILED`. */
export function fromPlainError(fn: string, error: PlainError): OverconfidenceError {
  if ('known' in error) return new OverconfidenceError(error.known);
  const cause = new Error(error.message);
  cause.stack = error.stack;
  return workerFailed(fn, `an error in one of them (${error.message})`, cause);
}

/** A worker that ended or failed for a reason of its own. */
export function workerFailed(fn: string, got: string, cause?: unknown): OverconfidenceError {
  return new OverconfidenceError({
    code: 'WORKER_FAILED',
    fn,
    argument: 'workers',
    expected: 'able to start and to finish their work',
    got,
    fix: 'Look at the cause. If memory ran out, use fewer workers or smaller batches; if the script of the workers was not found, pass `createWorker`.',
    cause,
  });
}

/** What waits for a pool that was disposed, or uses it afterwards, is told. */
export function poolDisposed(fn: string): OverconfidenceError {
  return new OverconfidenceError({
    code: 'DISPOSED',
    fn,
    argument: 'pool',
    expected: 'in use until the work was done',
    got: 'a pool that has been disposed',
    fix: 'Await all work before dispose(), or make another pool.',
  });
}
