import { checkKeys, checkOneOf, type KeysOf } from '../core/check';
import { checkScores } from './checkScores';
import { type PositiveClass, sortedSides } from './sortedCopy';

/** How {@link aupr} sums up the precision-recall points. */
export type AuprMethod = 'average-precision' | 'trapezoid';

/** Options of {@link aupr}. */
export interface AuprOptions {
  /** The class whose examples count as positive. @defaultValue 'in' */
  readonly positive?: PositiveClass;
  /** How the points are summed up, see {@link aupr}. @defaultValue 'average-precision' */
  readonly method?: AuprMethod;
}

const KEYS: KeysOf<AuprOptions> = { positive: true, method: true };

/**
 * The area under the precision-recall curve.
 *
 * The curve has one point (R_n, P_n) per distinct score, the most positive score first, and R_0 = 0, P_0 = 1.
 *
 * - `'average-precision'`: sum of (R_n - R_(n-1)) P_n, what scikit-learn calls `average_precision_score`.
 * - `'trapezoid'`: sum of (R_n - R_(n-1)) (P_n + P_(n-1)) / 2, linear interpolation between the points, which is too
 *   optimistic (Davis and Goadrich, "The relationship between precision-recall and ROC curves", 2006).
 *
 * Unlike {@link auroc} the value depends on how many examples each side has: chance level is the share of positives.
 *
 * @param inS - Scores of in-distribution examples, higher = more in-distribution; infinities are allowed.
 * @param outS - Scores of out-distribution examples on the same scale.
 * @returns A number in [0, 1].
 * @throws OverconfidenceError `EMPTY_INPUT` if a side has no scores, `NON_FINITE` for NaN, `INVALID_ARGUMENT` for
 *   anything but an array of numbers, `INVALID_OPTION` for an unknown `positive` or `method`.
 *
 * @example
 * ```ts
 * import { aupr } from 'relu-overconfidence';
 *
 * console.log(aupr([0.8, 0.35], [0.4, 0.1])); // 0.8333333333333333
 * ```
 */
export function aupr(inS: ArrayLike<number>, outS: ArrayLike<number>, options: AuprOptions = {}): number {
  const fn = 'aupr';
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const { positive = 'in', method = 'average-precision' } = options;
  checkScores({ fn, argument: 'inS' }, inS);
  checkScores({ fn, argument: 'outS' }, outS);
  checkOneOf({ fn, argument: 'positive' }, positive, ['in', 'out']);
  checkOneOf({ fn, argument: 'method' }, method, ['average-precision', 'trapezoid']);

  const { positives, negatives, highFirst } = sortedSides(inS, outS, positive);
  let area = 0;
  let found = 0;
  let falsePositives = 0;
  // Scores that only negatives have move the curve straight down, which adds no area: only those of positives are visited.
  while (found < positives.length) {
    const score = positives[found]!;
    while (falsePositives < negatives.length && precedes(negatives[falsePositives]!, score, highFirst))
      falsePositives++;
    const lastFound = found;
    const lastPrecision = found + falsePositives === 0 ? 1 : found / (found + falsePositives);
    while (found < positives.length && positives[found] === score) found++;
    while (falsePositives < negatives.length && negatives[falsePositives] === score) falsePositives++;
    const precision = found / (found + falsePositives);
    area += (found - lastFound) * (method === 'trapezoid' ? (precision + lastPrecision) / 2 : precision);
  }
  return area / positives.length;
}

/** Whether a score is more positive than another. */
function precedes(one: number, other: number, highFirst: boolean): boolean {
  return highFirst ? one > other : one < other;
}
