import type { AffineNode } from '../../regions/types';

/** Half the distance from 1 to the next float32. */
const UNIT = 2 ** -24;

/** How much less exact a backend may be than sums of products: approximate divisions and roots. */
const MARGIN = 4;

/**
 * Twice the smallest normal float32: more than what an operation can lose, beyond its share of {@link roundoff}, on a backend
 * that reads and writes zeros for all numbers below that one, as GPUs may do.
 */
export const FLUSHED = 2 ** -125;

/**
 * The same before a division by the deviation of a batch normalisation, and after its product with one: in float32 both are
 * less than 2^64.
 */
export const FLUSHED_DIVIDED = FLUSHED * 2 ** 64;

/** Numbers up to this size overflow in no float32 backend, whatever is added up in between. */
export const LARGEST = 2 ** 120;

/**
 * A bound on the relative error of a sum of `terms` products in float32, in whatever order they are added, with a margin
 * of four for divisions.
 */
export function roundoff(terms: number): number {
  return MARGIN * (terms + 4) * UNIT;
}

/** What one entry of a layer goes through besides its sum, in roundings: the approximate root and division of a batch normalisation. */
const BESIDE = 24;

/**
 * A bound on the relative error of an entry of `A v + b` that sums so many products, in whatever order: `n u / (1 - n u)` for n
 * roundings one after the other. Products and sums are rounded to nearest on all backends.
 */
export function roundoffOfSum(terms: number): number {
  return gamma(terms + BESIDE);
}

/** `n u / (1 - n u)`: what n roundings to nearest one after the other add up to (Higham, Accuracy and stability, section 3). */
export function gamma(n: number): number {
  const share = n * UNIT;
  return share < 0.5 ? share / (1 - share) : Number.POSITIVE_INFINITY;
}

/** What a sum of products of weights with entries up to `largest` loses where weights, products and sums are too small for float32. */
export function flushedSum(terms: number, largest: number): number {
  return FLUSHED * (terms * (largest + 2) + 3);
}

/** How far each shift of a batch normalisation may be off because its scale, a factor of it, is too small for float32. */
export function flushedShifts({ map, offsetSizes, size }: AffineNode): Float64Array {
  const lost = new Float64Array(size);
  if (offsetSizes === undefined) return lost;
  map.absolute().addTo(lost, new Float64Array(map.inputSize).fill(1), 1);
  return lost.map((scale, i) => (scale < FLUSHED ? offsetSizes[i]! : 0));
}
