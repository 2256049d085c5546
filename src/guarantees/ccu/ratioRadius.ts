import { lengthOf } from '../growth/networkGrowth';
import { differences } from './differences';
import { displacementOf, type Metric } from './metric';
import { logSumExp } from './mixture';
import type { SafeDensities } from './safeDensities';

/** Enough to find any float64 between two others. */
const BISECTIONS = 200;

/** Far more than what float64 loses in the sums. */
const ROUNDING = 1e-9;

/**
 * A Euclidean distance from the centre beyond which `log p(y|in) - log(lambda p(y|out))` is at most `limit`.
 *
 * A point at a distance r or more from the centre is at least `r - |t|` away from the top t of a
 * {@link differences | difference}, and `(r - |t|) / sqrt(v)` in the metric, v being its largest variance. So the ratio
 * is at most `log sum_k exp(peak_k - bend_k max(0, r - |t_k|)^2 / v)`, which falls with r; its root is found by bisection.
 */
export function ratioRadius(metric: Metric, safe: SafeDensities, limit: number): number {
  const logs = differences(safe, new Float64Array(metric.axes.length + metric.centre.length));
  const largest = metric.variances.reduce((a, b) => Math.max(a, b));
  const reaches = logs.map(({ top }) => lengthOf(displacementOf(metric, top)));
  const fits = (radius: number) => {
    const beyond = (k: number) => Math.max(0, radius * (1 - safe.blur) - reaches[k]!);
    const ratio = logSumExp(Float64Array.from(logs, ({ peak, bend }, k) => peak - (bend * beyond(k) ** 2) / largest));
    return ratio + ROUNDING * (1 + Math.abs(ratio)) <= limit;
  };
  let low = 0;
  let high = 1;
  while (!fits(high)) high *= 2;
  for (let n = 0; n < BISECTIONS; n++) {
    const middle = (low + high) / 2;
    if (fits(middle)) high = middle;
    else low = middle;
  }
  return high;
}
