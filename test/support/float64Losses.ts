/** Plain float64 losses of one row of logits, written from the definitions, for comparison. */

/** log sum_j exp z_j. */
export function logSumExp(z: readonly number[]): number {
  const top = Math.max(...z);
  return top + Math.log(z.reduce((sum, v) => sum + Math.exp(v - top), 0));
}

/** max_l log softmax_l. */
export function lpOut64(z: readonly number[]): number {
  return Math.max(...z) - logSumExp(z);
}

/** -log softmax_y. */
export function crossEntropy64(z: readonly number[], y: number): number {
  return logSumExp(z) - z[y]!;
}

/** Mean over the classes of -log softmax_k. */
export function uniformCrossEntropy64(z: readonly number[]): number {
  return z.reduce((sum, v) => sum + logSumExp(z) - v, 0) / z.length;
}

/** z_k - log sum_{j != k} exp z_j for the first largest z_k. */
export function maxLogOdds64(z: readonly number[]): number {
  const k = z.indexOf(Math.max(...z));
  return z[k]! - logSumExp(z.filter((_, j) => j !== k));
}

/** Sum over the units of -log of the probability of the right answer, yes for unit y alone. */
export function binaryCrossEntropy64(z: readonly number[], y: number): number {
  return z.reduce((sum, v, k) => sum + logSumExp([0, k === y ? -v : v]), 0);
}

/** max_l log sigmoid(z_l). */
export function maxLogSigmoid64(z: readonly number[]): number {
  return -logSumExp([0, -Math.max(...z)]);
}

/** Central differences of a function of one row. */
export function finiteDifferences(f: (z: readonly number[]) => number, z: readonly number[], h = 1e-5): number[] {
  return z.map((_, i) => {
    const moved = (by: number) => f(z.map((v, j) => (j === i ? v + by : v)));
    return (moved(h) - moved(-h)) / (2 * h);
  });
}
