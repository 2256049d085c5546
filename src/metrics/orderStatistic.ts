/**
 * The value at a fractional place 0 ... n - 1 of an ascending array, by linear interpolation between its two neighbours
 * (definition R-7 of Hyndman and Fan, "Sample quantiles in statistical packages", 1996).
 *
 * Between -Infinity and any other number lies -Infinity, between a finite number and Infinity lies Infinity.
 */
export function orderStatistic(sorted: Float64Array, place: number): number {
  const below = Math.floor(place);
  const fraction = place - below;
  const low = sorted[below]!;
  const high = sorted[below + 1] ?? low;
  if (fraction === 0 || low === high || low === Number.NEGATIVE_INFINITY) return low;
  return low + (high - low) * fraction;
}

/**
 * The number that a share `tpr` of the sorted scores lies at or above.
 *
 * The place is counted down from the largest score because (n - 1) * 0.95 is exact where (n - 1) * (1 - 0.95) is not:
 * the rounding error would lift the threshold above a score it should be equal to.
 */
export function upperThreshold(sorted: Float64Array, tpr: number): number {
  const last = sorted.length - 1;
  return orderStatistic(sorted, last - last * tpr);
}

/** The number that a share `tpr` of the sorted scores lies at or below. */
export function lowerThreshold(sorted: Float64Array, tpr: number): number {
  return orderStatistic(sorted, (sorted.length - 1) * tpr);
}
