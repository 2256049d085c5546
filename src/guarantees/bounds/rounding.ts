/** Half the distance from 1 to the next float64. */
const UNIT = 2 ** -53;

/** Larger than any number of float64 underflows can add up to. */
export const UNDERFLOW = 1e-250;

/**
 * A bound on the relative error of a float64 sum of `terms` products, in whatever order they are added: at least twice
 * `n u / (1 - n u)` for n some terms more, so that a few operations before and after the sum are covered too.
 */
export function roundoff64(terms: number): number {
  return 4 * (terms + 16) * UNIT;
}
