import type { KinkNode } from '../types';

/** The slope of a piece of an entry. */
export function slopeOf({ pieces, period, slopes }: KinkNode, entry: number, piece: number): number {
  return slopes[(entry % period) * pieces + piece]!;
}

/** The value at z = 0 of a piece of an entry. */
export function interceptOf({ pieces, period, intercepts }: KinkNode, entry: number, piece: number): number {
  return intercepts[(entry % period) * pieces + piece]!;
}

/** The largest absolute slope of an entry, for as many entries as have slopes of their own. */
export function steepestSlopes({ pieces, period, slopes }: KinkNode): Float64Array {
  return Float64Array.from({ length: period }, (_, i) =>
    slopes.subarray(i * pieces, (i + 1) * pieces).reduce((a, b) => Math.max(a, Math.abs(b)), 0),
  );
}

/** Values that repeat along a vector of `size` entries, written out. */
export function repeated(values: Float64Array | undefined, size: number): Float64Array {
  const result = new Float64Array(size);
  if (values !== undefined) for (let at = 0; at < size; at += values.length) result.set(values, at);
  return result;
}
