/** Factor of the learning rate from the share of the training that is done, in [0, 1). */
export type Schedule = (done: number) => number;

/**
 * The paper's schedule: the learning rate is divided by 10 at 50 %, 75 % and 90 % of the epochs.
 *
 * @param done - Finished epochs divided by all epochs.
 * @returns 1, 0.1, 0.01 or 0.001.
 *
 * @example
 * ```ts
 * import { paperSchedule } from 'relu-overconfidence';
 *
 * console.log([0, 0.5, 0.75, 0.9].map(paperSchedule)); // [ 1, 0.1, 0.01, 0.001 ]
 * ```
 */
export function paperSchedule(done: number): number {
  if (done >= 0.9) return 0.001;
  if (done >= 0.75) return 0.01;
  return done >= 0.5 ? 0.1 : 1;
}
