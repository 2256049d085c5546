import type { Rng } from '../core/rng';

/** Indices of `count` of `available` images in random order; none comes again before all have come. */
export function drawRows(rng: Rng, count: number, available: number): Int32Array {
  const rows = new Int32Array(count);
  for (let start = 0; start < count; start += available)
    rows.set(rng.permutation(available).subarray(0, count - start), start);
  return rows;
}
