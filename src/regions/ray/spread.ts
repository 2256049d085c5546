import { add } from '../maps/changes';
import type { AffineNode, Changes, KinkNode, MaxNode, SumNode } from '../types';
import type { Lines } from './lines';

/** For every entry of a value, the groups of a {@link MaxNode} that it belongs to: `groups[starts[e]]` and so on. */
export interface Membership {
  readonly starts: Int32Array;
  readonly groups: Int32Array;
}

/** Turns the groups of a node around. */
export function membership({ size, starts, members }: MaxNode, entries: number): Membership {
  const begin = new Int32Array(entries + 1);
  for (const member of members) begin[member + 1]!++;
  for (let e = 0; e < entries; e++) begin[e + 1]! += begin[e]!;
  const next = begin.slice();
  const groups = new Int32Array(members.length);
  for (let g = 0; g < size; g++) for (let m = starts[g]!; m < starts[g + 1]!; m++) groups[next[members[m]!]!++] = g;
  return { starts: begin, groups };
}

/** Bends lines at `t`: their slopes change, their values at `t` do not. */
export function bend({ intercepts, slopes }: Lines, { values, entries, count }: Changes, t: number): void {
  for (let k = 0; k < count; k++) {
    const e = entries[k]!;
    const change = values[e]!;
    if (change === 0) continue;
    slopes[e]! += change;
    intercepts[e]! -= t * change;
  }
}

/** Changes of slope after a node without decisions. */
export function spreadAffine(node: AffineNode | SumNode, before: Changes, after: Changes): void {
  if (node.kind === 'affine') node.map.spread(after, before);
  else for (let k = 0; k < before.count; k++) add(after, before.entries[k]!, before.values[before.entries[k]!]!);
}

/** Changes of slope after a node of kinks; `touch` is called for every entry. */
export function spreadKinks(
  { pieces, slopes }: KinkNode,
  states: Int32Array,
  before: Changes,
  after: Changes,
  touch: (entry: number) => void,
): void {
  for (let k = 0; k < before.count; k++) {
    const e = before.entries[k]!;
    if (before.values[e] === 0) continue;
    touch(e);
    const slope = slopes[e * pieces + states[e]!]!;
    if (slope !== 0) add(after, e, slope * before.values[e]!);
  }
}

/** Changes of slope after a node of groups; `touch` is called for every group with a changed member. */
export function spreadGroups(
  { starts, members }: MaxNode,
  belongs: Membership,
  states: Int32Array,
  before: Changes,
  after: Changes,
  touch: (group: number) => void,
): void {
  for (let k = 0; k < before.count; k++) {
    const e = before.entries[k]!;
    if (before.values[e] === 0) continue;
    for (let b = belongs.starts[e]!; b < belongs.starts[e + 1]!; b++) {
      const g = belongs.groups[b]!;
      touch(g);
      if (members[starts[g]! + states[g]!] === e) add(after, g, before.values[e]!);
    }
  }
}
