import { demand } from './assertionError';
import { type SeparatesOptions, type SeparatesResult, separates } from './checkSeparates';

/**
 * Fails a test unless scores tell in-distribution examples from others: their AUROC must be at least `minAuroc`, their FPR@95
 * at most `maxFprAt95`; see {@link checkSeparates}.
 *
 * @param inScores - Scores of in-distribution examples, higher = more in-distribution; infinities are allowed.
 * @param outScores - Scores of out-distribution examples on the same scale.
 * @returns The numbers of a check that holds.
 * @throws {@link AssertionError} with the numbers in its message; OverconfidenceError as {@link checkSeparates}.
 *
 * @example
 * ```ts
 * import { test } from 'node:test';
 * import { assertSeparates } from 'relu-overconfidence/testing';
 *
 * test('the scores tell noise from digits', () => {
 *   assertSeparates([0.9, 0.8, 0.7], [0.3, 0.2], { minAuroc: 0.95, maxFprAt95: 0.1 });
 * });
 * ```
 */
export function assertSeparates(
  inScores: ArrayLike<number>,
  outScores: ArrayLike<number>,
  options: SeparatesOptions,
): SeparatesResult {
  return demand(separates('assertSeparates', inScores, outScores, options));
}
