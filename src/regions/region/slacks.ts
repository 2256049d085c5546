import type { Columns } from '../pass/applyNode';
import { follow, push } from '../pass/push';
import type { Pattern, PiecewiseAffine } from '../types';
import { leftSides, type NodeHalfSpaces } from './halfSpaces';

/** Unit vectors that are pushed through a network together. */
const TOGETHER = 16;

/** The left sides `n z + o` of all half-spaces at a point z: one forward pass under the pattern. */
export function slacksAt(
  net: PiecewiseAffine,
  pattern: Pattern,
  parts: readonly NodeHalfSpaces[],
  z: Float64Array,
): Float64Array {
  const slacks = new Float64Array(countOf(parts));
  eachPart(net, pattern, parts, z, { count: 1, points: 1 }, (part, values) =>
    slacks.set(leftSides(part, values, 0, true), part.first),
  );
  return slacks;
}

/**
 * Goes through the normals of all half-spaces, one entry of every normal at a time: `use(entry, first, values)` is given
 * entry number `entry` of the normals from `first` on.
 */
export function eachNormalEntry(
  net: PiecewiseAffine,
  pattern: Pattern,
  parts: readonly NodeHalfSpaces[],
  use: (entry: number, first: number, values: Float64Array) => void,
): void {
  for (let begin = 0; begin < net.inputSize; begin += TOGETHER) {
    const count = Math.min(TOGETHER, net.inputSize - begin);
    const units = new Float64Array(count * net.inputSize);
    for (let c = 0; c < count; c++) units[c * net.inputSize + begin + c] = 1;
    eachPart(net, pattern, parts, units, { count, points: 0 }, (part, values) => {
      const size = values.length / count;
      for (let c = 0; c < count; c++) use(begin + c, part.first, leftSides(part, values, c * size, false));
    });
  }
}

/** Number of half-spaces. */
export function countOf(parts: readonly NodeHalfSpaces[]): number {
  return parts.reduce((sum, { entries }) => sum + entries.length, 0);
}

/** Pushes vectors under the pattern and shows what each node that decides reads. */
function eachPart(
  net: PiecewiseAffine,
  pattern: Pattern,
  parts: readonly NodeHalfSpaces[],
  vectors: Float64Array,
  columns: Columns,
  use: (part: NodeHalfSpaces, values: Float64Array) => void,
): void {
  const known = follow(pattern);
  const partOf = new Map(parts.map((part) => [part.node, part]));
  push(net, vectors, columns, (node, values, n) => {
    use(partOf.get(n)!, values);
    return known(node, values, n);
  });
}
