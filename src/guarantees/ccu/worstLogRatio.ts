import { lengthOf } from '../growth/networkGrowth';
import { differences } from './differences';
import { leastSquaredDistance } from './leastSquaredDistance';
import { embed, fold, type Metric } from './metric';
import { logSumExp } from './mixture';
import type { SafeDensities } from './safeDensities';

/** Far more than what float64 loses on the way. */
const ROUNDING = 1e-9;

/**
 * An upper bound on `log p(y|in) - log(lambda p(y|out))` over a Euclidean ball, float32 rounding included: every
 * {@link differences | difference}, sharp at the centre of the ball, where the ball is nearest to its top.
 */
export function worstLogRatio(metric: Metric, safe: SafeDensities, displacement: Float64Array, radius: number): number {
  const point = embed(metric, displacement);
  const reach = radius + safe.blur * (lengthOf(displacement) + radius);
  const logs = differences(safe, point).map(({ peak, bend, top }) => {
    const fromTop = fold(
      metric,
      point.map((value, j) => value - top[j]!),
    );
    return peak - bend * leastSquaredDistance(fromTop, metric.variances, reach);
  });
  const worst = logSumExp(Float64Array.from(logs));
  return worst + ROUNDING * (1 + Math.abs(worst));
}
