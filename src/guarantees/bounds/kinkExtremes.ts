import type { KinkNode } from '../../regions/types';
import { UNDERFLOW } from './rounding';

/** The least and the largest value of a function, rounding counted. */
export interface Extremes {
  readonly least: number;
  readonly most: number;
}

/** Four times what one subtraction, one product and one sum lose in float64. */
const ROUNDING = 2 ** -51;

/**
 * What entry i of a kink node, minus `slope * t`, is on [low, high] at least and at most. The function is linear between the
 * thresholds, so only they and the ends are looked at. Slope 0 gives the range of the node itself.
 */
export function kinkExtremes(node: KinkNode, i: number, low: number, high: number, slope = 0): Extremes {
  const { thresholds, pieces, slopes, intercepts } = node;
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let p = 0; p < pieces; p++) {
    const from = p === 0 ? low : Math.max(low, thresholds[p - 1]!);
    const to = p === pieces - 1 ? high : Math.min(high, thresholds[p]!);
    if (from > to) continue;
    const steepness = slopes[i * pieces + p]! - slope;
    const intercept = intercepts[i * pieces + p]!;
    for (let end = 0; end < 2; end++) {
      const product = steepness === 0 ? 0 : steepness * (end === 0 ? from : to);
      const value = product + intercept;
      const exact = intercept === 0 && (product === 0 || Math.abs(steepness) === 1);
      const error = exact ? 0 : ROUNDING * (Math.abs(product) + Math.abs(intercept)) + UNDERFLOW;
      least = Math.min(least, value - error);
      most = Math.max(most, value + error);
    }
  }
  return { least, most };
}
