/**
 * Iterations at which AutoPGD looks back on its progress: `w_j = ceil(p_j n)` with p_0 = 0, p_1 = 0.22 and
 * `p_{j+1} = p_j + max(p_j - p_{j-1} - 0.03, 0.06)` (Croce and Hein, ICML 2020, section 3.3), those below n.
 *
 * @returns For each w_j the number of iterations since w_{j-1}.
 */
export function apgdCheckpoints(steps: number): ReadonlyMap<number, number> {
  const periods = new Map<number, number>();
  let before = 0;
  // In hundredths, where the sums are exact and the ceiling does not depend on rounding.
  for (let p = 22, gap = 22; p < 100; gap = Math.max(gap - 3, 6), p += gap) {
    const at = Math.ceil((p * steps) / 100);
    if (at > before && at < steps) periods.set(at, at - before);
    before = at;
  }
  return periods;
}
