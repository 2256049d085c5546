import { checkKeys, checkWhole } from '../core/check';
import { checkConfidences, checkVerdicts } from './checkScores';
import { confidenceBin } from './confidenceHistogram';

/** Options of {@link expectedCalibrationError}. */
export interface CalibrationOptions {
  /** Number of bins of equal width over [0, 1]. @defaultValue 20 */
  readonly bins?: number;
}

/**
 * The expected calibration error: the gap between accuracy and mean confidence in each bin of confidence, averaged over
 * the examples, sum over bins of |B| / n * |accuracy(B) - confidence(B)|.
 *
 * From Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning" (2015). The bins
 * are those of {@link confidenceHistogram}: closed on the left, the last one on both sides.
 *
 * @param confidences - Largest softmax probability of every example, each in [0, 1].
 * @param correct - Whether each prediction was right: booleans, or the numbers 0 and 1.
 * @returns A number in [0, 1]; 0 means calibrated.
 * @throws OverconfidenceError `EMPTY_INPUT` without examples, `NON_FINITE` for NaN or an infinity, `OUT_OF_BOUNDS` for
 *   a confidence outside [0, 1], `INVALID_ARGUMENT` for anything but arrays of one length, `INVALID_OPTION` if `bins`
 *   is not a whole number >= 1.
 *
 * @example
 * ```ts
 * import { expectedCalibrationError } from 'relu-overconfidence';
 *
 * // Sure of four answers, right in three.
 * console.log(expectedCalibrationError([1, 1, 1, 1], [true, true, true, false])); // 0.25
 * ```
 */
export function expectedCalibrationError(
  confidences: ArrayLike<number>,
  correct: ArrayLike<boolean | number>,
  options: CalibrationOptions = {},
): number {
  const fn = 'expectedCalibrationError';
  checkKeys({ fn, argument: 'options' }, options, { bins: true });
  const { bins = 20 } = options;
  checkConfidences({ fn, argument: 'confidences' }, confidences);
  checkVerdicts({ fn, argument: 'correct' }, correct, confidences.length);
  checkWhole({ fn, argument: 'bins' }, bins);
  const surplus = new Float64Array(bins);
  for (let i = 0; i < confidences.length; i++) {
    const confidence = confidences[i]!;
    surplus[confidenceBin(confidence, bins)]! += Number(correct[i]) - confidence;
  }
  return surplus.reduce((sum, gap) => sum + Math.abs(gap), 0) / confidences.length;
}
