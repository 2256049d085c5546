import { auroc } from './auroc';
import { checkScores } from './checkScores';

/**
 * The AUROC that no attack on the out-distribution can push below: in-distribution scores against certified upper bounds of
 * the scores of out-distribution examples, ties counted half (the GAUC of Bitterwolf, Meinke and Hein, "Certifiably
 * Adversarially Robust Detection of Out-of-Distribution Data" (GOOD), NeurIPS 2020):
 *
 * `P(s > u) + P(s = u) / 2`, s an in-distribution score and u an upper bound of an out-distribution one.
 *
 * The AUROC never rises with a score of the out side, so it is at least this for all scores that the bounds allow, and
 * exactly this if every bound is reached. The interval over the choice of examples is that of
 * {@link bootstrapInterval}, with this as its metric.
 *
 * Both sides must be on one scale. On that of confidences a bound of 1, which says nothing, ties with a confidence that has
 * rounded to 1 and so counts half; on log-odds, `Math.log(u / (1 - u))`, it is Infinity and loses.
 *
 * @param inScores - Scores of in-distribution examples as they are, higher = more in-distribution; infinities are allowed.
 * @param outUpperBounds - For each out-distribution example what its score cannot exceed, as from `certifiedMaxConfidence`.
 * @returns A number in [0, 1].
 * @throws OverconfidenceError `EMPTY_INPUT` if a side has no scores, `NON_FINITE` for NaN, `INVALID_ARGUMENT` for
 *   anything but an array of numbers.
 *
 * @example
 * ```ts
 * import { bootstrapInterval, guaranteedAuroc } from 'relu-overconfidence';
 *
 * const inConfidences = [0.99, 0.95, 0.6];
 * const outBounds = [0.97, 0.5]; // whatever an attack does
 * console.log(guaranteedAuroc(inConfidences, outBounds)); // 4 of 6 pairs: 0.6666666666666666
 * console.log(bootstrapInterval(guaranteedAuroc, inConfidences, outBounds, { seed: 1 }).upper); // 1
 * ```
 */
export function guaranteedAuroc(inScores: ArrayLike<number>, outUpperBounds: ArrayLike<number>): number {
  const fn = 'guaranteedAuroc';
  checkScores({ fn, argument: 'inScores' }, inScores);
  checkScores({ fn, argument: 'outUpperBounds' }, outUpperBounds);
  return auroc(inScores, outUpperBounds);
}
