import { checkConfidences } from './checkScores';

/**
 * The mean of the confidences of a data set (MMC of the paper's Table 1).
 *
 * @param confidences - Largest softmax probability of every example, each in [0, 1].
 * @returns A number in [0, 1].
 * @throws OverconfidenceError `EMPTY_INPUT` without examples, `NON_FINITE` for NaN or an infinity, `OUT_OF_BOUNDS` for
 *   a number outside [0, 1], `INVALID_ARGUMENT` for anything but an array of numbers.
 *
 * @example
 * ```ts
 * import { meanMaxConfidence } from 'relu-overconfidence';
 *
 * console.log(meanMaxConfidence([1, 0.5, 0.75])); // 0.75
 * ```
 */
export function meanMaxConfidence(confidences: ArrayLike<number>): number {
  checkConfidences({ fn: 'meanMaxConfidence', argument: 'confidences' }, confidences);
  let sum = 0;
  for (let i = 0; i < confidences.length; i++) sum += confidences[i]!;
  return sum / confidences.length;
}
