import { countPairs } from './auroc';

/** The AUROC with every tie decided the same way. */
export interface AurocBounds {
  /** Every tie lost: the share of pairs whose in-score is strictly larger. */
  readonly lower: number;
  /** Every tie won: the share of pairs whose in-score is at least as large. */
  readonly upper: number;
}

/**
 * The AUROC with all ties lost and with all ties won.
 *
 * The two differ exactly when scores of both sides coincide. A wide gap usually means saturated scores (a float32
 * softmax that reads 1): rank on log-odds instead.
 *
 * @param inS - Scores of in-distribution examples, higher = more in-distribution; infinities are allowed.
 * @param outS - Scores of out-distribution examples on the same scale.
 * @returns Two numbers in [0, 1]; {@link auroc} lies in the middle between them.
 * @throws OverconfidenceError `EMPTY_INPUT` if a side has no scores, `NON_FINITE` for NaN, `INVALID_ARGUMENT` for
 *   anything but an array of numbers.
 *
 * @example
 * ```ts
 * import { aurocBounds } from 'relu-overconfidence';
 *
 * console.log(aurocBounds([1, 1], [1, 0])); // { lower: 0.5, upper: 1 }
 * ```
 */
export function aurocBounds(inS: ArrayLike<number>, outS: ArrayLike<number>): AurocBounds {
  const { wins, ties, pairs } = countPairs('aurocBounds', inS, outS);
  return { lower: wins / pairs, upper: (wins + ties) / pairs };
}
