import { lengthOf } from '../growth/networkGrowth';
import type { Metric } from './metric';
import { logSumExp } from './mixture';
import type { SafeDensities } from './safeDensities';

/** Enough to find any float64 between two others. */
const BISECTIONS = 200;

/** Far more than what float64 loses in the sums. */
const ROUNDING = 1e-9;

/**
 * A Euclidean distance from the centre beyond which `log p(x|in) - log(lambda p(x|out))` is at most `limit`.
 *
 * At a distance rho in the metric, a point is at least `rho - |m|` away from a mean m and at most `rho + |m|`, so the ratio
 * is at most
 *
 * `F(rho) = log sum_k exp(g_k - a_k (rho - |m_k|)^2) - log sum_l exp(h_l - b_l (rho + |n_l|)^2)`,
 *
 * whose derivative is a mean of terms `-2 a_k (rho - |m_k|) + 2 b_l (rho + |n_l|)`. All are negative from some rho on because
 * every a exceeds every b; from there on F falls and its root is found by bisection. A Euclidean distance r is one of at
 * least `r / sqrt(v)` in the metric, v being its largest variance.
 */
export function ratioRadius(metric: Metric, { inside, outside, blur }: SafeDensities, limit: number): number {
  const [near, far] = [inside.means.map(lengthOf), outside.means.map(lengthOf)];
  const ratio = (rho: number) => {
    const above = logSumExp(inside.heights.map((g, k) => g - inside.rates[k]! * (rho - near[k]!) ** 2));
    const below = logSumExp(outside.heights.map((h, l) => h - outside.rates[l]! * (rho + far[l]!) ** 2));
    return above - below + ROUNDING * (1 + Math.abs(above) + Math.abs(below));
  };
  let low = 0;
  for (const [k, a] of inside.rates.entries())
    for (const [l, b] of outside.rates.entries()) low = Math.max(low, (a * near[k]! + b * far[l]!) / (a - b));
  const euclidean = Math.sqrt(metric.variances.reduce((x, y) => Math.max(x, y))) / (1 - blur);
  if (ratio(low) <= limit) return low * euclidean;
  let high = 2 * low + 1;
  while (!(ratio(high) <= limit)) high *= 2;
  for (let n = 0; n < BISECTIONS; n++) {
    const middle = low + (high - low) / 2;
    if (ratio(middle) <= limit) high = middle;
    else low = middle;
  }
  return high * euclidean;
}
