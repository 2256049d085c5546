/** Newton's iteration doubles its digits each time. */
const MOST_STEPS = 30;

/** Far more than what float64 loses in the sums. */
const ROUNDING = 1e-12;

/**
 * A lower bound, sharp up to rounding, on `min sum_i (f_i + u_i / sqrt(v_i))^2` over `|u| <= radius`: how near a Euclidean ball
 * comes to a point in a metric with the variances v, f being the displacement of the ball's centre from it.
 *
 * By duality the minimum is the largest value over nu >= 0 of `nu (sum_i f_i^2 v_i / (1 + nu v_i) - radius^2)`. Every nu gives
 * a lower bound, so none depends on how well the best is found. It is found as for trust regions (Conn, Gould and Toint 2000,
 * section 7.3): where the reach `(sum_i f_i^2 v_i / (1 + nu v_i)^2)^(1/2)` is the radius, by Newton's iteration on its inverse,
 * which is concave and so approached from below.
 */
export function leastSquaredDistance(f: Float64Array, variances: Float64Array, radius: number): number {
  const shares = f.map((value, i) => value * value * variances[i]!);
  const length = Math.sqrt(shares.reduce((sum, share) => sum + share, 0));
  if (length <= radius) return 0;
  if (radius === 0) return f.reduce((sum, value) => sum + value * value, 0) * (1 - ROUNDING);
  let nu = (length / radius - 1) / variances.reduce((a, b) => Math.max(a, b));
  for (let n = 0; n < MOST_STEPS; n++) {
    const { reach, slope } = reachAt(nu, shares, variances);
    const step = ((reach - radius) / radius) * (reach ** 2 / slope);
    if (!(step > Number.EPSILON * nu)) break;
    nu += step;
  }
  let shrunk = 0;
  for (let i = 0; i < f.length; i++) shrunk += (shares[i]! * nu) / (1 + nu * variances[i]!);
  return Math.max(0, shrunk - nu * radius * radius - ROUNDING * shrunk);
}

/** How far from the point the ball would have to reach for this nu, and minus half the slope of the square of that. */
function reachAt(
  nu: number,
  shares: Float64Array,
  variances: Float64Array,
): { readonly reach: number; readonly slope: number } {
  let square = 0;
  let slope = 0;
  for (let i = 0; i < shares.length; i++) {
    const shrink = 1 / (1 + nu * variances[i]!);
    const part = shares[i]! * shrink * shrink;
    square += part;
    slope += part * shrink * variances[i]!;
  }
  return { reach: Math.sqrt(square), slope };
}
