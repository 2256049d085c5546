import { OverconfidenceError } from './errors';

/** Throws `ABORTED` once the caller's signal has fired; its reason becomes the error's cause. */
export function throwIfAborted(fn: string, signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new OverconfidenceError({
    code: 'ABORTED',
    fn,
    argument: 'signal',
    expected: 'left alone until the work was done',
    got: `an abort (${String(signal.reason)})`,
    fix: 'Nothing is wrong if you meant to stop; otherwise look for the code that calls abort().',
    cause: signal.reason,
  });
}
