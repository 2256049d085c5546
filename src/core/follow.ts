import { throwIfAborted } from './abort';
import { checkFunction } from './check';
import { type ProgressOptions, progressClock } from './progress';

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
