import { checkKeys, checkWhole } from '../core/check';
import { checkConfidences } from './checkScores';

/** Options of {@link confidenceHistogram}. */
export interface ConfidenceHistogramOptions {
  /** Number of bins of equal width. @defaultValue 100 */
  readonly bins?: number;
}

/** Counts of confidences per bin. */
export interface ConfidenceHistogram {
  /** Examples in each bin; they add up to the number of confidences. */
  readonly counts: Uint32Array;
  /** The `bins + 1` edges from 0 to 1. */
  readonly edges: Float64Array;
}

/**
 * Counts confidences in bins of equal width over [0, 1].
 *
 * Bin k holds `edges[k] <= c < edges[k + 1]`; the last bin holds 1 as well (the convention of `numpy.histogram`).
 *
 * @param confidences - Largest softmax probability of every example, each in [0, 1].
 * @throws OverconfidenceError `EMPTY_INPUT` without examples, `NON_FINITE` for NaN or an infinity, `OUT_OF_BOUNDS` for
 *   a number outside [0, 1], `INVALID_ARGUMENT` for anything but an array of numbers, `INVALID_OPTION` if `bins` is not
 *   a whole number >= 1.
 *
 * @example
 * ```ts
 * import { confidenceHistogram } from 'relu-overconfidence';
 *
 * const { counts, edges } = confidenceHistogram([0.2, 0.5, 0.9, 1], { bins: 2 });
 * console.log([...counts], [...edges]); // [1, 3] [0, 0.5, 1]
 * ```
 */
export function confidenceHistogram(
  confidences: ArrayLike<number>,
  options: ConfidenceHistogramOptions = {},
): ConfidenceHistogram {
  const fn = 'confidenceHistogram';
  checkKeys({ fn, argument: 'options' }, options, { bins: true });
  const { bins = 100 } = options;
  checkConfidences({ fn, argument: 'confidences' }, confidences);
  checkWhole({ fn, argument: 'bins' }, bins);
  const counts = new Uint32Array(bins);
  for (let i = 0; i < confidences.length; i++) counts[confidenceBin(confidences[i]!, bins)]!++;
  return { counts, edges: Float64Array.from({ length: bins + 1 }, (_, k) => k / bins) };
}

/**
 * The bin 0 ... bins - 1 of a confidence: bin k is [k / bins, (k + 1) / bins), the last one is closed.
 *
 * The product rounds, 0.29 * 100 to just below 29 for example, so the guess is compared with the edges themselves.
 */
export function confidenceBin(confidence: number, bins: number): number {
  const guess = Math.floor(confidence * bins);
  if (confidence < guess / bins) return guess - 1;
  return Math.min(confidence >= (guess + 1) / bins ? guess + 1 : guess, bins - 1);
}
