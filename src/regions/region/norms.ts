import type { Pattern, PiecewiseAffine } from '../types';
import type { NodeHalfSpaces } from './halfSpaces';
import { countOf, eachNormalEntry } from './slacks';

/** How lengths are measured in the input space. */
export type Norm = 'L1' | 'L2' | 'Linf';

/** How one more entry of a vector changes its dual norm, before the root of L2: Linf for L1, L1 for Linf. */
const gather: Readonly<Record<Norm, (sum: number, entry: number) => number>> = {
  L1: (largest, entry) => Math.max(largest, Math.abs(entry)),
  L2: (sum, entry) => sum + entry * entry,
  Linf: (sum, entry) => sum + Math.abs(entry),
};

/**
 * For each half-space the dual norm of its normal: a plane `n z + o = 0` lies at the distance `|n x + o| / |n|_dual` of x.
 * The normals are met entry by entry and never stored.
 */
export function dualNorms(
  net: PiecewiseAffine,
  pattern: Pattern,
  parts: readonly NodeHalfSpaces[],
  norm: Norm,
): Float64Array {
  const sums = new Float64Array(countOf(parts));
  eachNormalEntry(net, pattern, parts, (_, first, values) => {
    for (let h = 0; h < values.length; h++) sums[first + h] = gather[norm](sums[first + h]!, values[h]!);
  });
  return norm === 'L2' ? sums.map(Math.sqrt) : sums;
}
