import { rowLogOdds } from '../classifier/logOdds';
import { evaluate } from '../regions/evaluate';
import type { PiecewiseAffine } from '../regions/types';
import { type Box, clipped, clippedPieces, turningPoints } from './clippedPath';
import { firstCrossing } from './firstCrossing';

/** The part of the path clip(alpha x) that is asked about. */
export interface PathQuestion {
  readonly from: number;
  readonly bounds: Box;
  /** Log-odds that count. */
  readonly target: number;
  /** How many points of the path are looked at, or all of them. */
  readonly points: number | 'exact';
}

/** Whether the log-odds of the predicted class reach the target at clip(alpha x); alpha may be Infinity. */
export function sureAt(
  net: PiecewiseAffine,
  x: Float64Array,
  alpha: number,
  { bounds, target }: Pick<PathQuestion, 'bounds' | 'target'>,
): boolean {
  return rowLogOdds(evaluate(net, clipped(x, alpha, bounds)), 0, net.classes, 'softmax') >= target;
}

/** Whether they reach it somewhere on the path. */
export function sureOnPath(net: PiecewiseAffine, x: Float64Array, question: PathQuestion): boolean {
  const { from, bounds, target, points } = question;
  if (sureAt(net, x, from, question) || sureAt(net, x, Number.POSITIVE_INFINITY, question)) return true;
  if (points !== 'exact')
    return spread(turningPoints(x, from, bounds), points).some((at) => sureAt(net, x, at, question));
  for (const piece of clippedPieces(net, x, from, bounds)) if (firstCrossing(piece, target) !== undefined) return true;
  return false;
}

/** At most `count` of the values, evenly spaced by their place. */
function spread(values: readonly number[], count: number): number[] {
  if (values.length <= count) return [...values];
  return Array.from({ length: count }, (_, n) => values[Math.floor(((n + 0.5) * values.length) / count)]!);
}
