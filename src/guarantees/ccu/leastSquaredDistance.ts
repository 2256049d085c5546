/** Halvings of an interval whose ends are at most a factor of the metric's condition number apart. */
const BISECTIONS = 50;

/** Far more than what float64 loses in the sums. */
const ROUNDING = 1e-12;

/**
 * A lower bound, sharp up to the bisection, on `min sum_i (f_i + u_i / sqrt(v_i))^2` over `|u| <= radius`: how near a Euclidean
 * ball comes to a point in a metric with the variances v, f being the displacement of the ball's centre from it.
 *
 * By duality the minimum is the largest value over nu >= 0 of `nu (sum_i f_i^2 v_i / (1 + nu v_i) - radius^2)`. Every nu gives
 * a lower bound, so none depends on how well the best is found.
 */
export function leastSquaredDistance(f: Float64Array, variances: Float64Array, radius: number): number {
  const squares = f.map((value) => value * value);
  if (radius === 0) return total(squares) * (1 - ROUNDING);
  const lengths = squares.map((square, i) => (square * variances[i]!) / (radius * radius));
  const length = Math.sqrt(total(lengths));
  if (length <= 1) return 0;
  const ends = variances.map((variance) => (length - 1) / variance);
  let low = ends.reduce((a, b) => Math.min(a, b));
  let high = ends.reduce((a, b) => Math.max(a, b));
  for (let n = 0; n < BISECTIONS; n++) {
    const nu = (low + high) / 2;
    const reach = total(lengths.map((share, i) => share / (1 + nu * variances[i]!) ** 2));
    if (reach > 1) low = nu;
    else high = nu;
  }
  const shrunk = total(squares.map((square, i) => (square * low * variances[i]!) / (1 + low * variances[i]!)));
  return Math.max(0, shrunk - low * radius * radius - ROUNDING * shrunk);
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
