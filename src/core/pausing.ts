import { throwIfAborted } from './abort';
import { nextTask } from './nextTask';

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
