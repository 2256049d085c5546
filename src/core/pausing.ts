import { OverconfidenceError } from './errors';

/** Work that pauses again and again, at places where other tasks may run in between; its result comes at the end. */
export type Pausing<T> = Generator<undefined, T, undefined>;

/** How long, in milliseconds, other tasks may have to wait. */
const BREATHE_EVERY = 30;

/** Does the work at once. */
export function atOnce<T>(work: Pausing<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** Does the work in many tasks, and ends it with `ABORTED` soon after the signal has fired. */
export async function inTasks<T>(fn: string, work: Pausing<T>, signal: AbortSignal | undefined): Promise<T> {
  let began = performance.now();
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (performance.now() - began < BREATHE_EVERY) continue;
    await nextTask();
    throwIfAborted(fn, signal);
    began = performance.now();
  }
}

/**
 * Lets everything that waits in the event loop run: timers, input, an abort. Awaiting a tensor's data is not enough, the
 * CPU backends answer without leaving the current task.
 */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}

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
