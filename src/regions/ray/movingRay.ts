import { add, clear, noChanges } from '../maps/changes';
import type { PiecewiseAffine, SwitchNode } from '../types';
import { type Lines, linesAt, linesUnder } from './lines';
import { nextState, switchTime } from './nextSwitch';
import { bend, membership, spreadAffine, spreadGroups, spreadKinks } from './spread';
import { timetable } from './timetable';

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
  readonly renew: (t: number) => void;
}

/** Follows a ray from `from` on; the lines of the input are the caller's own, and `turn` bends them. */
export function movingRay(net: PiecewiseAffine, ray: Lines, from: number): MovingRay {
  const { nodes } = net;
  const sizes = [net.inputSize, ...nodes.map(({ size }) => size)];
  const groupsOf = nodes.map((node) => (node.kind === 'max' ? membership(node, sizes[node.inputs[0]!]!) : undefined));
  const changes = sizes.map(noChanges);
  // The entries and groups that decide are numbered through; those of node n begin at firstOf[n].
  const deciding = nodes.map((node) => (isSwitch(node) ? node.size : 0));
  const firstOf = deciding.map((_, n) => deciding.slice(0, n).reduce((sum, size) => sum + size, 0));
  const times = timetable(deciding.reduce((sum, size) => sum + size, 0));
  let now = linesAt(net, ray, from);

  const schedule = (n: number, i: number, t: number) => {
    const at = switchTime(nodes[n] as SwitchNode, now.read[n]!, i, now.pattern[n]![i]!, t);
    times.set(firstOf[n]! + i, at);
  };
  const scheduleAll = (t: number) => {
    for (const [n, size] of deciding.entries()) for (let i = 0; i < size; i++) schedule(n, i, t);
  };
  scheduleAll(from);

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
    for (const touched of changes) if (touched.count > 0) clear(touched);
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
    renew(t) {
      now = linesUnder(net, ray, now.pattern);
      scheduleAll(t);
    },
  };
}

function isSwitch(node: { readonly kind: string }): node is SwitchNode {
  return node.kind === 'kink' || node.kind === 'max';
}

/** The slope of the result of entry or group i of a node in a state. */
function slopeAfter(node: SwitchNode, { slopes }: Lines, i: number, state: number): number {
  if (node.kind === 'max') return slopes[node.members[node.starts[i]! + state]!]!;
  return node.slopes[i * node.pieces + state]! * slopes[i]!;
}
