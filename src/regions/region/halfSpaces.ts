import type { KinkNode, MaxNode, Pattern, PiecewiseAffine } from '../types';

/**
 * The half-spaces in which a node that decides keeps its decisions, as conditions on the value z that it reads: entry
 * `factor` (z[entry] - z[rival]) - factor threshold >= 0, without the rival where that is -1.
 */
export interface NodeHalfSpaces {
  /** The node's place in `nodes`. */
  readonly node: number;
  /** Number of the first of them among all half-spaces of the region. */
  readonly first: number;
  readonly entries: Int32Array;
  readonly rivals: Int32Array;
  /** 1 or -1. */
  readonly factors: Int8Array;
  readonly thresholds: Float64Array;
}

/** One condition while they are gathered. */
interface Condition {
  readonly entry: number;
  readonly rival: number;
  readonly factor: number;
  readonly threshold: number;
}

/** All half-spaces whose intersection is the region of a pattern, node after node. */
export function halfSpaces(net: PiecewiseAffine, pattern: Pattern): NodeHalfSpaces[] {
  let first = 0;
  return net.nodes.flatMap((node, n) => {
    if (node.kind !== 'kink' && node.kind !== 'max') return [];
    const conditions = node.kind === 'kink' ? onPieces(node, pattern[n]!) : overRivals(node, pattern[n]!);
    const part = {
      node: n,
      first,
      entries: Int32Array.from(conditions, ({ entry }) => entry),
      rivals: Int32Array.from(conditions, ({ rival }) => rival),
      factors: Int8Array.from(conditions, ({ factor }) => factor),
      thresholds: Float64Array.from(conditions, ({ threshold }) => threshold),
    };
    first += conditions.length;
    return [part];
  });
}

/** Above the threshold below the piece, below the one above it. */
function onPieces({ size, thresholds }: KinkNode, states: Int32Array): Condition[] {
  return Array.from({ length: size }, (_, entry) => {
    const [below, above] = [thresholds[states[entry]! - 1], thresholds[states[entry]!]];
    const conditions: Condition[] = [];
    if (below !== undefined) conditions.push({ entry, rival: -1, factor: 1, threshold: below });
    if (above !== undefined) conditions.push({ entry, rival: -1, factor: -1, threshold: above });
    return conditions;
  }).flat();
}

/** The winner of each group against every other member. */
function overRivals({ size, starts, members }: MaxNode, states: Int32Array): Condition[] {
  return Array.from({ length: size }, (_, g) => {
    const winner = starts[g]! + states[g]!;
    const group = [...members.subarray(starts[g]!, starts[g + 1]!).keys()].map((m) => starts[g]! + m);
    const others = group.filter((m) => m !== winner);
    return others.map((m) => ({ entry: members[winner]!, rival: members[m]!, factor: 1, threshold: 0 }));
  }).flat();
}

/** The left sides of a node's conditions for vector c of the value z that it reads; directions have no thresholds. */
export function leftSides(
  { entries, rivals, factors, thresholds }: NodeHalfSpaces,
  z: Float64Array,
  start: number,
  isPoint: boolean,
): Float64Array {
  const sides = new Float64Array(entries.length);
  for (let h = 0; h < sides.length; h++) {
    const value = z[start + entries[h]!]!;
    const limit = (rivals[h]! < 0 ? 0 : z[start + rivals[h]!]!) + (isPoint ? thresholds[h]! : 0);
    sides[h] = factors[h]! > 0 ? value - limit : limit - value;
  }
  return sides;
}
