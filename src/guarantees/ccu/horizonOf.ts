import { HORIZON } from '../wrapper/horizon';
import type { CcuModel } from './safeDensities';

/** Powers of two that float32 holds with room for sums. */
const LARGEST_EXPONENT = 120;

/**
 * Inputs are seen with every entry clipped to this size, a power of two, so that no logarithm of a density overflows: with
 * entries up to H and a centre nearer than H, `(|y| + |m|)^2 <= 16 d H^2 / v` with v the least variance of the metric.
 */
export function horizonOf({ metric, inside }: CcuModel): number {
  const least = metric.variances.reduce((a, b) => Math.min(a, b));
  const narrowest = inside.variances.reduce((a, b) => Math.min(a, b), 1);
  const growth = (16 * metric.centre.length) / (least * narrowest);
  return Math.min(HORIZON, 2 ** Math.floor((LARGEST_EXPONENT - Math.log2(growth)) / 2));
}
