/** A mixture of spherical Gaussians in embedded coordinates of a metric. */
export interface Mixture {
  /** Positive, with the sum 1; M numbers. */
  readonly weights: Float64Array;
  /** M rows of embedded coordinates, flat. */
  readonly means: Float64Array;
  /** M numbers, in squared units of the metric. */
  readonly variances: Float64Array;
}

/**
 * `log a_k - d/2 log(2 pi s_k)`, what a component adds to the density at its mean, d being the entries of an input. The volume
 * of the metric's unit cube, the same for every mixture, is left out.
 */
export function logHeights(
  { weights, variances }: Pick<Mixture, 'weights' | 'variances'>,
  dimensions: number,
): Float64Array {
  return weights.map((weight, k) => Math.log(weight) - (dimensions / 2) * Math.log(2 * Math.PI * variances[k]!));
}

/** `log sum_k exp z_k`. */
export function logSumExp(z: Float64Array): number {
  const largest = z.reduce((a, b) => Math.max(a, b));
  return largest + Math.log(z.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}
