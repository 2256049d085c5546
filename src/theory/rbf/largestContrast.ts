import type { RbfNetwork } from './types';

/** `alpha = max_{r,k} sum_l |a_rl - a_kl|` of Theorem 3.2. */
export function largestContrast({ classes, weights }: RbfNetwork): number {
  const count = weights.length / classes;
  let largest = 0;
  for (let r = 0; r < classes; r++)
    for (let k = 0; k < r; k++) {
      let sum = 0;
      for (let l = 0; l < count; l++) sum += Math.abs(weights[r * count + l]! - weights[k * count + l]!);
      largest = Math.max(largest, sum);
    }
  return largest;
}
