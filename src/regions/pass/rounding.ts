import type { Rng } from '../../core/rng';
import type { AffineGraphNode, KinkNode } from '../types';

/**
 * How many copies of a vector are carried along, each with roundings of its own, drawn at random. What they differ by is what
 * rounding has come to on the way: bounds by absolute values of weights grow far beyond that with every layer, and a share
 * of the largest entry says nothing about the others.
 */
export const COPIES = 4;

/** Size of the roundings, as a share of the sizes of what is added up: eight times those of float64. */
const ROUNDING = 2 ** -50;

/** How much more than the copies differ is still taken for rounding. */
const SURELY = 8;

/** Adds a rounding to each entry of the copies, which are the rows from `first` on, given the sizes of what was summed. */
export function disturb(rows: Float64Array, sizes: Float64Array, first: number, rng: Rng): void {
  for (let i = first * sizes.length; i < rows.length; i++) {
    const size = sizes[i % sizes.length]!;
    if (size !== 0) rows[i]! += ROUNDING * size * (2 * rng.uniform() - 1);
  }
}

/** Sizes of what a node adds up to each entry of its result, for row `base` of its inputs. */
export function summed(
  node: AffineGraphNode,
  inputs: readonly Float64Array[],
  result: Float64Array,
  base: number,
): Float64Array {
  const rowOf = (rows: Float64Array, size: number) => rows.subarray(base * size, (base + 1) * size).map(Math.abs);
  if (node.kind === 'affine') {
    const sizes = new Float64Array(node.size);
    node.map.absolute().addTo(sizes, rowOf(inputs[0]!, node.map.inputSize), 1);
    return sizes;
  }
  if (node.kind === 'max') return new Float64Array(node.size);
  const sizes = rowOf(result, node.size);
  if (node.kind === 'sum')
    for (const input of inputs) for (const [i, value] of rowOf(input, node.size).entries()) sizes[i]! += value;
  return sizes;
}

/** How far rounding may have moved entry i of row `base`, or its difference to entry j, by the rows from `first` on. */
export function uncertainty(
  rows: Float64Array,
  size: number,
  base: number,
  first: number,
  i: number,
  j?: number,
): number {
  const entry = (row: number) => rows[row * size + i]! - (j === undefined ? 0 : rows[row * size + j]!);
  let most = 0;
  for (let row = first; row < rows.length / size; row++) most = Math.max(most, Math.abs(entry(row) - entry(base)));
  return SURELY * most;
}

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
