import type { KinkNode, MaxNode, SwitchNode } from '../types';
import type { Lines } from './lines';

/** The next decision of one entry or group that changes along the ray. */
export interface Switch {
  /** When it changes; Infinity if never. */
  readonly at: number;
  /** What it changes to. */
  readonly state: number;
}

/** Slopes that differ by less than this, relative to their size, differ by rounding only. */
const SAME_SLOPE = 1e-13;

/** Times that differ by less than this, relative to their size, differ by rounding only. */
const SAME_TIME = 2e-15;

/** Whether `t` lies after `now` by more than rounding explains. */
export function isLater(t: number, now: number): boolean {
  return t - now > SAME_TIME * Math.abs(now);
}

/** The next change, not before `now`, of entry or group `i` of a node that is in `state` and reads `lines`. */
export function nextSwitch(node: SwitchNode, lines: Lines, i: number, state: number, now: number): Switch {
  const { at, state: next } = node.kind === 'kink' ? leave(node, lines, i, state) : overtake(node, lines, i, state);
  return { at: isLater(at, now) ? at : now, state: next };
}

/** A line leaves its piece through the threshold that it moves towards. */
function leave({ thresholds }: KinkNode, { intercepts, slopes }: Lines, i: number, state: number): Switch {
  const slope = slopes[i]!;
  const next = slope > 0 ? state + 1 : state - 1;
  const threshold = thresholds[Math.min(state, next)];
  if (slope === 0 || threshold === undefined) return { at: Number.POSITIVE_INFINITY, state };
  return { at: (threshold - intercepts[i]!) / slope, state: next };
}

/** The winner of a group is overtaken by the first of the steeper lines that meets it, by the steepest if several do. */
function overtake({ starts, members }: MaxNode, { intercepts, slopes }: Lines, g: number, state: number): Switch {
  const winner = members[starts[g]! + state]!;
  let [at, next, steepest] = [Number.POSITIVE_INFINITY, state, Number.NEGATIVE_INFINITY];
  for (let m = starts[g]!; m < starts[g + 1]!; m++) {
    const rival = members[m]!;
    const faster = slopes[rival]! - slopes[winner]!;
    if (!(faster > SAME_SLOPE * (Math.abs(slopes[rival]!) + Math.abs(slopes[winner]!)))) continue;
    const meeting = (intercepts[winner]! - intercepts[rival]!) / faster;
    if (meeting > at || (meeting === at && slopes[rival]! <= steepest)) continue;
    [at, next, steepest] = [meeting, m - starts[g]!, slopes[rival]!];
  }
  return { at, state: next };
}
