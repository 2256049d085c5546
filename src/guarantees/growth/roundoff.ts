/** Half the distance from 1 to the next float32. */
const UNIT = 2 ** -24;

/** How much less exact a backend may be than sums of products: Winograd's convolutions, approximate divisions. */
const MARGIN = 4;

/**
 * A bound on the relative error of a sum of `terms` products in float32, in whatever order they are added, with a margin
 * of four for fast convolutions and divisions.
 */
export function roundoff(terms: number): number {
  return MARGIN * (terms + 4) * UNIT;
}
