import { HORIZON } from '../wrapper/horizon';

/** Halvings of the interval that the radius is known to lie in. */
const BISECTIONS = 30;

/** The largest radius for which a condition holds that is false from some radius on; 0 if it never holds. */
export function largestRadius(holds: (radius: number) => boolean): number {
  if (!holds(0)) return 0;
  let low = 0;
  let high = 1;
  while (holds(high)) {
    low = high;
    high *= 2;
    if (high > HORIZON) return Number.POSITIVE_INFINITY;
  }
  for (let n = 0; n < BISECTIONS; n++) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}
