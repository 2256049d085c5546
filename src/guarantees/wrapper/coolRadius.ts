import type { Affine } from '../growth/networkGrowth';
import type { Cooling } from './cooling';

/** Enough to find any float64 between two others. */
const BISECTIONS = 200;

/**
 * From which distance r on `(a + b r) / T(r) <= D`, with `a + b r` the range of the logits and D the range asked for.
 *
 * `h(r) = D T(r) - a - b r` is convex and grows without bound, so "h(r) >= 0 and h'(r) >= 0" is false up to some r and true
 * from there on; that r is found by bisection. If h is positive even where it is least, every distance will do.
 */
export function coolRadius({ least, leastSlope }: Cooling, { atCentre, perUnit }: Affine, range: number): number {
  if (range === Number.POSITIVE_INFINITY) return 0;
  const margin = (r: number) => range * least(r) - atCentre - perUnit * r;
  const rises = (r: number) => range * leastSlope(r) >= perUnit;
  const fits = (r: number) => margin(r) >= 0 && rises(r);
  let high = 1;
  while (!fits(high)) {
    high *= 2;
    if (high === Number.POSITIVE_INFINITY) return high;
  }
  const lowest = bisect(rises, high);
  if (margin(lowest) >= 0) return 0;
  return bisect(fits, high);
}

/** The least r in [0, high] for which a condition holds that stays true once it is, from above. */
function bisect(holds: (r: number) => boolean, high: number): number {
  if (holds(0)) return 0;
  let low = 0;
  let found = high;
  for (let n = 0; n < BISECTIONS; n++) {
    const middle = low + (found - low) / 2;
    if (holds(middle)) found = middle;
    else low = middle;
  }
  return found;
}
