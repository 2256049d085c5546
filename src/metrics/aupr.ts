import { checkOneOf } from '../core/check';
import { checkScores } from './checkScores';
import { OperatingPoints, type PositiveClass } from './operatingPoints';

/** How {@link aupr} sums up the precision-recall points. */
export type AuprMethod = 'average-precision' | 'trapezoid';

/** Options of {@link aupr}. */
export interface AuprOptions {
  /** The class whose examples count as positive. @defaultValue 'in' */
  readonly positive?: PositiveClass;
  /** How the points are summed up, see {@link aupr}. @defaultValue 'average-precision' */
  readonly method?: AuprMethod;
}

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
export function aupr(
  inS: ArrayLike<number>,
  outS: ArrayLike<number>,
  { positive = 'in', method = 'average-precision' }: AuprOptions = {},
): number {
  const fn = 'aupr';
  checkScores({ fn, argument: 'inS' }, inS);
  checkScores({ fn, argument: 'outS' }, outS);
  checkOneOf({ fn, argument: 'positive' }, positive, ['in', 'out']);
  checkOneOf({ fn, argument: 'method' }, method, ['average-precision', 'trapezoid']);

  const point = new OperatingPoints(inS, outS, positive);
  let area = 0;
  let lastFound = 0;
  let lastPrecision = 1;
  while (point.next()) {
    const found = point.truePositives;
    const precision = found / (found + point.falsePositives);
    const height = method === 'trapezoid' ? (precision + lastPrecision) / 2 : precision;
    area += (found - lastFound) * height;
    lastFound = found;
    lastPrecision = precision;
  }
  return area / lastFound;
}
