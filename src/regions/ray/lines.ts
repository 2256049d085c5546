import type { Pausing } from '../../core/pausing';
import { decideAt } from '../pass/applyNode';
import { follow, pushing } from '../pass/push';
import type { KinkNode, MaxNode, Pattern, PiecewiseAffine, SwitchNode } from '../types';

/** Straight lines `intercepts[i] + slopes[i] t`, one for each entry of a value. */
export interface Lines {
  readonly intercepts: Float64Array;
  readonly slopes: Float64Array;
}

/** A network along a ray, as it is on one linear piece. */
interface RayLines {
  /** What the nodes that decide have decided, undefined for other nodes. */
  readonly pattern: Pattern;
  /** The lines that the nodes that decide read, undefined for other nodes. */
  readonly read: readonly (Lines | undefined)[];
  readonly logits: Lines;
}

/** The network as it is at `t`. What `t` leaves open may be decided the other way a moment later. */
export function linesAt(net: PiecewiseAffine, ray: Lines, t: number): Pausing<RayLines> {
  return linesOf(net, ray, (node, { intercepts, slopes }) =>
    decideAt(
      node,
      intercepts.map((intercept, i) => intercept + slopes[i]! * t),
    ),
  );
}

/** The network along the ray as a pattern has it, computed from scratch. */
export function linesUnder(net: PiecewiseAffine, ray: Lines, pattern: Pattern): Pausing<RayLines> {
  const known = follow(pattern);
  return linesOf(net, ray, (node, lines, n) => known(node, lines.intercepts, n));
}

function* linesOf(
  net: PiecewiseAffine,
  ray: Lines,
  decide: (node: SwitchNode, lines: Lines, index: number) => Int32Array,
): Pausing<RayLines> {
  const read: (Lines | undefined)[] = net.nodes.map(() => undefined);
  const both = new Float64Array(2 * net.inputSize);
  both.set(ray.intercepts);
  both.set(ray.slopes, net.inputSize);
  const { outputs, pattern } = yield* pushing(net, both, { count: 2, points: 1 }, (node, z, n) => {
    const lines = halves(z);
    read[n] = lines;
    return decide(node, lines, n);
  });
  return { pattern, read, logits: halves(outputs) };
}

function halves(z: Float64Array): Lines {
  return { intercepts: z.subarray(0, z.length / 2), slopes: z.subarray(z.length / 2) };
}

/** Slopes that differ by less than this, relative to their size, differ by rounding only. */
const SAME_SLOPE = 1e-13;

/** Times that differ by less than this, relative to their size, differ by rounding only. */
const SAME_TIME = 1e-13;

/** Whether `t` lies after `now` by more than rounding explains. */
export function isLater(t: number, now: number): boolean {
  return t - now > SAME_TIME * Math.abs(now);
}

/** What the decision of entry or group i, now `state`, becomes next along the ray; `state` itself if it stays for ever. */
export function nextState(node: SwitchNode, lines: Lines, i: number, state: number): number {
  return node.kind === 'kink' ? nextPiece(node, lines, i, state) : nextWinner(node, lines, i, state);
}

/** When that happens, not before `now`; Infinity if never. */
export function switchTime(node: SwitchNode, lines: Lines, i: number, state: number, now: number): number {
  const next = nextState(node, lines, i, state);
  if (next === state) return Number.POSITIVE_INFINITY;
  const { intercepts, slopes } = lines;
  let t: number;
  if (node.kind === 'kink') t = (node.thresholds[Math.min(state, next)]! - intercepts[i]!) / slopes[i]!;
  else {
    const first = node.starts[i]!;
    t = meeting(lines, node.members[first + state]!, node.members[first + next]!);
  }
  return isLater(t, now) ? t : now;
}

/** A line leaves its piece through the threshold that it moves towards. */
function nextPiece({ pieces }: KinkNode, { slopes }: Lines, i: number, state: number): number {
  const slope = slopes[i]!;
  if (slope > 0) return Math.min(state + 1, pieces - 1);
  return slope < 0 ? Math.max(state - 1, 0) : state;
}

/** The winner of a group is overtaken by the first of the steeper lines that meets it, by the steepest if several do. */
function nextWinner({ starts, members }: MaxNode, lines: Lines, g: number, state: number): number {
  const { slopes } = lines;
  const winner = members[starts[g]! + state]!;
  const own = slopes[winner]!;
  let next = state;
  let first = Number.POSITIVE_INFINITY;
  let steepest = Number.NEGATIVE_INFINITY;
  for (let m = starts[g]!; m < starts[g + 1]!; m++) {
    const rival = members[m]!;
    const slope = slopes[rival]!;
    if (!(slope - own > SAME_SLOPE * (Math.abs(slope) + Math.abs(own)))) continue;
    const t = meeting(lines, winner, rival);
    if (t > first || (t === first && slope <= steepest)) continue;
    next = m - starts[g]!;
    first = t;
    steepest = slope;
  }
  return next;
}

/** When two lines meet. */
function meeting({ intercepts, slopes }: Lines, a: number, b: number): number {
  return (intercepts[a]! - intercepts[b]!) / (slopes[b]! - slopes[a]!);
}
