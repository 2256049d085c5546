/** Far more than what float64 loses in the sum. */
const ROUNDING = 1 + 1e-12;

/**
 * The largest confidence that upper bounds on differences of logits allow: with `z_k - z_j <= u_kj`,
 * `p_k = 1 / (1 + sum_{j != k} exp(z_j - z_k)) <= 1 / (1 + sum_{j != k} exp(-u_kj))`.
 *
 * @param differences - u, K x K; the diagonal is not read.
 */
export function largestConfidence(differences: ArrayLike<number>, classes: number): number {
  let largest = 0;
  for (let k = 0; k < classes; k++) {
    let sum = 1;
    for (let j = 0; j < classes; j++) if (j !== k) sum += Math.exp(-differences[k * classes + j]!);
    largest = Math.max(largest, ROUNDING / sum);
  }
  return Math.min(1, largest);
}
