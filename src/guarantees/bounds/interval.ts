/** Lower and upper bounds of each entry of a vector; infinite where nothing is known. */
export interface Interval {
  /** No entry is less. */
  readonly lower: Float64Array;
  /** No entry is more. */
  readonly upper: Float64Array;
}

/** An interval as its middle and how far its ends are from there at most. */
export interface Ball {
  readonly centre: Float64Array;
  readonly radius: Float64Array;
}

/** The smallest ball in float64 that holds the interval. */
export function ballOf({ lower, upper }: Interval): Ball {
  const centre = lower.map((low, i) => finite(low / 2 + upper[i]! / 2));
  const radius = centre.map((middle, i) => {
    const reach = Math.max(upper[i]! - middle, middle - lower[i]!);
    // A subtraction rounds by half of this at most.
    return Number.isNaN(reach) ? Number.POSITIVE_INFINITY : reach * (1 + 2 ** -52);
  });
  return { centre, radius };
}

/** The largest absolute value of each entry. */
export function magnitudes({ lower, upper }: Interval): Float64Array {
  return lower.map((low, i) => Math.max(Math.abs(low), Math.abs(upper[i]!)));
}

/** The same with NaN, which overflowing leaves behind, as no bound at all. */
export function withoutNaN({ lower, upper }: Interval): Interval {
  const known = (none: number) => (value: number) => (Number.isNaN(value) ? none : value);
  return {
    lower: lower.map(known(Number.NEGATIVE_INFINITY)),
    upper: upper.map(known(Number.POSITIVE_INFINITY)),
  };
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
