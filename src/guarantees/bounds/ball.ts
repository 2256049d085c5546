import type { LinearMap } from '../../regions/types';
import { eachColumn } from '../growth/mapNorms';

/** How distances between inputs are measured: by the largest difference of entries, its Euclidean length, or the sum of all. */
export type Norm = 'linf' | 'l2' | 'l1';

/** All points within a distance of a centre. */
export interface Ball {
  readonly norm: Exclude<Norm, 'linf'>;
  readonly centre: Float64Array;
  readonly radius: number;
}

/** The length of a vector in a norm. */
export function lengthIn(norm: Ball['norm'], vector: Float64Array): number {
  if (norm === 'l1') return vector.reduce((sum, value) => sum + Math.abs(value), 0);
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}

/** What a coefficient adds to the dual norm of its row so far: to the sum of squares, or to the largest absolute value. */
export function withCoefficient(norm: Ball['norm'], before: number, coefficient: number): number {
  return norm === 'l2' ? before + coefficient * coefficient : Math.max(before, Math.abs(coefficient));
}

/** The dual norm itself: by Hoelder's inequality `w.(x - c)` is at most that of w times the distance of x from c. */
export function dualNormOf(norm: Ball['norm'], total: number): number {
  return norm === 'l2' ? Math.sqrt(total) : total;
}

/** Dual norms of the rows of maps, which are the same for every ball. */
const known = { l1: new WeakMap<LinearMap, Float64Array>(), l2: new WeakMap<LinearMap, Float64Array>() };

/** The dual norm of each row of a map. */
export function dualNorms(norm: Ball['norm'], map: LinearMap): Float64Array {
  const before = known[norm].get(map);
  if (before !== undefined) return before;
  const totals = new Float64Array(map.outputSize);
  eachColumn(map, ({ count, entries, values }) => {
    for (let k = 0; k < count; k++) {
      const i = entries[k]!;
      totals[i] = withCoefficient(norm, totals[i]!, values[i]!);
    }
  });
  const norms = totals.map((total) => dualNormOf(norm, total));
  known[norm].set(map, norms);
  return norms;
}
