import { checkFunction } from './check';
import { throwIfAborted } from './pausing';
/** How far long work has come. */
export interface Progress {
  /** What is being worked on. */
  readonly label: string;
  /** Units of work finished. */
  readonly done: number;
  /** Units of work in all. */
  readonly total: number;
  /** Milliseconds since the work began. */
  readonly elapsedMs: number;
  /** Estimated milliseconds until the end, from the mean pace so far. */
  readonly remainingMs: number;
}

/** How to watch long work, and stop it. */
export interface ProgressOptions {
  /** Told how far the work has come, again and again. @defaultValue none */
  readonly onProgress?: (progress: Progress) => void;
  /** Stops the work with `ABORTED`; looked at whenever `onProgress` would be called. @defaultValue none */
  readonly signal?: AbortSignal;
}

/** A clock that turns counts into {@link Progress}; `alreadyDone` units (a resumed run) do not count for the pace. */
export function progressClock(total: number, alreadyDone = 0): (done: number, label: string) => Progress {
  const start = performance.now();
  return (done, label) => {
    const elapsedMs = performance.now() - start;
    const fresh = done - alreadyDone;
    return {
      label,
      done,
      total,
      elapsedMs,
      remainingMs: fresh > 0 ? (elapsedMs / fresh) * (total - done) : Number.NaN,
    };
  };
}

/**
 * What long work calls as it goes on: it tells the caller how far the work has come, and throws `ABORTED` once it should end.
 * Refuses an `onProgress` that is not a function, and work that is to end before it begins.
 *
 * @param total - Units of work in all; NaN where nobody can know.
 */
export function follow(
  fn: string,
  { onProgress, signal }: ProgressOptions,
  total: number,
): (done: number, label: string) => void {
  if (onProgress !== undefined) checkFunction({ fn, argument: 'onProgress' }, onProgress);
  throwIfAborted(fn, signal);
  const clock = progressClock(total);
  return (done, label) => {
    onProgress?.(clock(done, label));
    throwIfAborted(fn, signal);
  };
}
