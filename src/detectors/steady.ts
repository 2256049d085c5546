import { checkWhole } from '../core/check';

/**
 * Smooths the answers for the frames of a webcam: gives the label that most of the last frames have; of equals the latest one.
 *
 * @param frames - How many frames count. Default 5.
 * @returns A function to be told each label in turn, which gives the smoothed one.
 * @throws OverconfidenceError `INVALID_OPTION` if `frames` is not a whole number >= 1.
 *
 * @example
 * ```ts
 * import { steady } from 'relu-overconfidence/detectors';
 *
 * const smooth = steady(3);
 * console.log(['cat', 'cat', 'unknown', 'unknown'].map(smooth)); // [ 'cat', 'cat', 'cat', 'unknown' ]
 * ```
 */
export function steady(frames = 5): (label: string) => string {
  checkWhole({ fn: 'steady', argument: 'frames' }, frames);
  const last: string[] = [];
  return (label) => {
    last.push(label);
    if (last.length > frames) last.shift();
    const count = (name: string) => last.filter((one) => one === name).length;
    return last.reduce((best, name) => (count(name) >= count(best) ? name : best));
  };
}
