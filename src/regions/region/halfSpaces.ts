import { refuse } from '../../core/check';
import type { Columns } from '../pass/applyNode';
import { follow, pull, push } from '../pass/push';
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

/** All half-spaces whose intersection is the region of a pattern, node after node. */
export function halfSpaces(net: PiecewiseAffine, pattern: Pattern): NodeHalfSpaces[] {
  let first = 0;
  return net.nodes.flatMap((node, n) => {
    if (node.kind !== 'kink' && node.kind !== 'max') return [];
    const gathered = node.kind === 'kink' ? onPieces(node, pattern[n]!) : overRivals(node, pattern[n]!);
    const part = { node: n, first, ...gathered };
    first += gathered.entries.length;
    return [part];
  });
}

type Gathered = Omit<NodeHalfSpaces, 'node' | 'first'>;

function room(count: number): Gathered {
  return {
    entries: new Int32Array(count),
    rivals: new Int32Array(count).fill(-1),
    factors: new Int8Array(count).fill(1),
    thresholds: new Float64Array(count),
  };
}

/** Above the threshold below the piece, below the one above it. */
function onPieces({ size, thresholds, pieces }: KinkNode, states: Int32Array): Gathered {
  const between = states.reduce((sum, state) => sum + (state > 0 && state < pieces - 1 ? 1 : 0), 0);
  const gathered = room(pieces > 1 ? size + between : 0);
  let h = 0;
  for (let entry = 0; entry < size; entry++)
    for (let side = 1; side >= -1; side -= 2) {
      const threshold = thresholds[side > 0 ? states[entry]! - 1 : states[entry]!];
      if (threshold === undefined) continue;
      gathered.entries[h] = entry;
      gathered.factors[h] = side;
      gathered.thresholds[h++] = threshold;
    }
  return gathered;
}

/** The winner of each group against every other member. */
function overRivals({ size, starts, members }: MaxNode, states: Int32Array): Gathered {
  const gathered = room(members.length - size);
  let h = 0;
  for (let g = 0; g < size; g++) {
    const winner = starts[g]! + states[g]!;
    for (let m = starts[g]!; m < starts[g + 1]!; m++) {
      if (m === winner) continue;
      gathered.entries[h] = members[winner]!;
      gathered.rivals[h++] = members[m]!;
    }
  }
  return gathered;
}

/** The left sides of a node's conditions for vector c of the value z that it reads; directions have no thresholds. */
function leftSides(
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
function eachNormalEntry(
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

/** As many numbers as normals may have together: 2 GB. */
const MOST_NUMBERS = 2 ** 28;

/** All normals, `count` x d row-major, by d forward passes; refused before if they would not fit in memory. */
export function allNormals(net: PiecewiseAffine, pattern: Pattern, parts: readonly NodeHalfSpaces[]): Float64Array {
  const d = net.inputSize;
  const count = countOf(parts);
  if (count * d > MOST_NUMBERS)
    refuse(
      { fn: 'linearRegion', argument: 'net' },
      'UNSUPPORTED_MODEL',
      'a network whose normals fit in 2 GB together',
      `${count} half-spaces of ${d} numbers each, ${Math.ceil((8 * count * d) / 1e9)} GB`,
      `Ask for some of them, normalRows(begin, end), no more than ${Math.floor(MOST_NUMBERS / d)} at a time; slacks and offsets take one pass.`,
    );
  const normals = new Float64Array(count * d);
  eachNormalEntry(net, pattern, parts, (entry, first, values) => {
    for (const [h, value] of values.entries()) normals[(first + h) * d + entry] = value;
  });
  return normals;
}

/** The normals from number `begin` up to `end` - 1, by one backward pass each. */
export function someNormals(
  net: PiecewiseAffine,
  pattern: Pattern,
  parts: readonly NodeHalfSpaces[],
  begin: number,
  end: number,
): Float64Array {
  const count = end - begin;
  const forms = new Map<number, Float64Array>();
  for (const { node, first, entries, rivals, factors } of parts)
    for (let h = Math.max(begin, first); h < Math.min(end, first + entries.length); h++) {
      const id = net.nodes[node]!.inputs[0]!;
      const size = id === 0 ? net.inputSize : net.nodes[id - 1]!.size;
      const form = forms.get(id) ?? new Float64Array(count * size);
      forms.set(id, form);
      const row = (h - begin) * size;
      form[row + entries[h - first]!] = factors[h - first]!;
      if (rivals[h - first]! >= 0) form[row + rivals[h - first]!] = -factors[h - first]!;
    }
  return pull(net, pattern, forms, count);
}

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
