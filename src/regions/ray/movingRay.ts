import type { Pausing } from '../../core/pausing';
import { add, clear, noChanges } from '../maps/changes';
import { slopeOf } from '../pass/rounding';
import type { AffineNode, Changes, KinkNode, MaxNode, PiecewiseAffine, SumNode, SwitchNode } from '../types';
import { type Lines, linesAt, linesUnder, nextState, switchTime } from './lines';

/** A network along a ray that moves from one change of a decision to the next. */
export interface MovingRay {
  /** The logits as they are now. */
  readonly logits: () => Lines;
  /** When a decision changes next; Infinity if none does any more. */
  readonly next: () => number;
  /** Makes that change. `beforeBend` is called, before it shows, if it changes the slope of a logit. */
  readonly advance: (beforeBend: () => void) => void;
  /** Changes the slope of one entry of the input at `t`, no later than `next`; `beforeBend` is called as by `advance`. */
  readonly turn: (t: number, entry: number, change: number, beforeBend: () => void) => void;
  /** Computes everything from scratch as it is at `t`, the decisions kept: takes away the rounding of many changes. */
  readonly renew: (t: number) => Pausing<void>;
  /** Values that have been updated so far, which is what following the ray costs: a machine does some ten million in a second. */
  readonly updates: () => number;
}

/** Follows a ray from `from` on; the lines of the input are the caller's own, and `turn` bends them. */
export function* movingRay(net: PiecewiseAffine, ray: Lines, from: number): Pausing<MovingRay> {
  const { nodes } = net;
  const sizes = [net.inputSize, ...nodes.map(({ size }) => size)];
  const groupsOf = nodes.map((node) => (node.kind === 'max' ? membership(node, sizes[node.inputs[0]!]!) : undefined));
  const changes = sizes.map(noChanges);
  // The entries and groups that decide are numbered through; those of node n begin at firstOf[n].
  const deciding = nodes.map((node) => (isSwitch(node) ? node.size : 0));
  const firstOf = deciding.map((_, n) => deciding.slice(0, n).reduce((sum, size) => sum + size, 0));
  const times = timetable(deciding.reduce((sum, size) => sum + size, 0));
  let now = yield* linesAt(net, ray, from);
  let updates = 0;

  const schedule = (n: number, i: number, t: number) => {
    const at = switchTime(nodes[n] as SwitchNode, now.read[n]!, i, now.pattern[n]![i]!, t);
    times.set(firstOf[n]! + i, at);
  };
  function* scheduleAll(t: number): Pausing<void> {
    for (const [n, size] of deciding.entries()) {
      yield;
      for (let i = 0; i < size; i++) schedule(n, i, t);
    }
  }
  yield* scheduleAll(from);

  /** Carries the changes of slope at `t` from node n on to the logits. */
  const spread = (n: number, t: number) => {
    const node = nodes[n]!;
    const after = changes[n + 1]!;
    for (const id of node.inputs) {
      const before = changes[id]!;
      if (before.count === 0) continue;
      if (isSwitch(node)) bend(now.read[n]!, before, t);
      const states = now.pattern[n]!;
      const touch = (i: number) => schedule(n, i, t);
      if (node.kind === 'kink') spreadKinks(node, states, before, after, touch);
      else if (node.kind === 'max') spreadGroups(node, groupsOf[n]!, states, before, after, touch);
      else spreadAffine(node, before, after);
    }
  };

  /** Carries the changes of slope at `t` that are listed for values up to `first` on, and strikes them from the lists. */
  const carry = (first: number, t: number, beforeBend: () => void) => {
    for (let m = first; m < nodes.length; m++) spread(m, t);
    const end = changes[net.output]!;
    if (end.values.some((value) => value !== 0)) {
      beforeBend();
      bend(now.logits, end, t);
    }
    for (const touched of changes) {
      if (touched.count === 0) continue;
      updates += touched.count;
      clear(touched);
    }
  };

  return {
    logits: () => now.logits,
    next: () => times.times[times.earliest()] ?? Number.POSITIVE_INFINITY,
    advance(beforeBend) {
      const id = times.earliest();
      const t = times.times[id]!;
      const n = nodes.findIndex((_, k) => id < firstOf[k]! + deciding[k]!);
      const i = id - firstOf[n]!;
      const node = nodes[n] as SwitchNode;
      const states = now.pattern[n]!;
      const lines = now.read[n]!;
      const before = slopeAfter(node, lines, i, states[i]!);
      states[i] = nextState(node, lines, i, states[i]!);
      schedule(n, i, t);
      const change = slopeAfter(node, lines, i, states[i]!) - before;
      if (change === 0) return;
      add(changes[n + 1]!, i, change);
      carry(n + 1, t, beforeBend);
    },
    turn(t, entry, change, beforeBend) {
      add(changes[0]!, entry, change);
      bend(ray, changes[0]!, t);
      carry(0, t, beforeBend);
    },
    *renew(t) {
      now = yield* linesUnder(net, ray, now.pattern);
      yield* scheduleAll(t);
    },
    updates: () => updates,
  };
}

function isSwitch(node: { readonly kind: string }): node is SwitchNode {
  return node.kind === 'kink' || node.kind === 'max';
}

/** The slope of the result of entry or group i of a node in a state. */
function slopeAfter(node: SwitchNode, { slopes }: Lines, i: number, state: number): number {
  if (node.kind === 'max') return slopes[node.members[node.starts[i]! + state]!]!;
  return slopeOf(node, i, state) * slopes[i]!;
}

/** For every entry of a value, the groups of a {@link MaxNode} that it belongs to: `groups[starts[e]]` and so on. */
interface Membership {
  readonly starts: Int32Array;
  readonly groups: Int32Array;
}

/** Turns the groups of a node around. */
function membership({ size, starts, members }: MaxNode, entries: number): Membership {
  const begin = new Int32Array(entries + 1);
  for (const member of members) begin[member + 1]!++;
  for (let e = 0; e < entries; e++) begin[e + 1]! += begin[e]!;
  const next = begin.slice();
  const groups = new Int32Array(members.length);
  for (let g = 0; g < size; g++) for (let m = starts[g]!; m < starts[g + 1]!; m++) groups[next[members[m]!]!++] = g;
  return { starts: begin, groups };
}

/** Bends lines at `t`: their slopes change, their values at `t` do not. */
function bend({ intercepts, slopes }: Lines, { values, entries, count }: Changes, t: number): void {
  for (let k = 0; k < count; k++) {
    const e = entries[k]!;
    const change = values[e]!;
    if (change === 0) continue;
    slopes[e]! += change;
    intercepts[e]! -= t * change;
  }
}

/** Changes of slope after a node without decisions. */
function spreadAffine(node: AffineNode | SumNode, before: Changes, after: Changes): void {
  if (node.kind === 'affine') node.map.spread(after, before);
  else for (let k = 0; k < before.count; k++) add(after, before.entries[k]!, before.values[before.entries[k]!]!);
}

/** Changes of slope after a node of kinks; `touch` is called for every entry. */
function spreadKinks(
  node: KinkNode,
  states: Int32Array,
  before: Changes,
  after: Changes,
  touch: (entry: number) => void,
): void {
  for (let k = 0; k < before.count; k++) {
    const e = before.entries[k]!;
    if (before.values[e] === 0) continue;
    touch(e);
    const slope = slopeOf(node, e, states[e]!);
    if (slope !== 0) add(after, e, slope * before.values[e]!);
  }
}

/** Changes of slope after a node of groups; `touch` is called for every group with a changed member. */
function spreadGroups(
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

/** When each of many things happens next, with the earliest at hand. */
interface Timetable {
  readonly times: Float64Array;
  /** Sets the time of one thing. */
  set(id: number, time: number): void;
  /** The thing with the earliest time; of several the one with the smallest number. */
  earliest(): number;
}

/** Things per block: only blocks whose earliest time was put off are looked through again. */
const BLOCK = 64;

/** A timetable in which nothing ever happens. */
function timetable(size: number): Timetable {
  const times = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
  const blocks = Math.ceil(size / BLOCK);
  const first = new Float64Array(blocks).fill(Number.POSITIVE_INFINITY);
  const stale = new Uint8Array(blocks);

  const renew = (block: number) => {
    const end = Math.min(size, (block + 1) * BLOCK);
    let least = Number.POSITIVE_INFINITY;
    for (let id = block * BLOCK; id < end; id++) if (times[id]! < least) least = times[id]!;
    first[block] = least;
    stale[block] = 0;
  };

  return {
    times,
    set(id, time) {
      const block = Math.floor(id / BLOCK);
      if (time <= first[block]!) first[block] = time;
      else if (times[id] === first[block]) stale[block] = 1;
      times[id] = time;
    },
    earliest() {
      let least = Number.POSITIVE_INFINITY;
      let where = 0;
      for (let block = 0; block < blocks; block++) {
        if (stale[block] === 1) renew(block);
        if (first[block]! < least) [least, where] = [first[block]!, block];
      }
      let id = where * BLOCK;
      while (id < size - 1 && times[id] !== least) id++;
      return id;
    },
  };
}
