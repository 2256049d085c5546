import { decideAt } from '../pass/decideAt';
import { follow, push } from '../pass/push';
import type { Pattern, PiecewiseAffine, SwitchNode } from '../types';

/** Straight lines `intercepts[i] + slopes[i] t`, one for each entry of a value. */
export interface Lines {
  readonly intercepts: Float64Array;
  readonly slopes: Float64Array;
}

/** A network along a ray, as it is on one linear piece. */
export interface RayLines {
  /** What the nodes that decide have decided, undefined for other nodes. */
  readonly pattern: Pattern;
  /** The lines that the nodes that decide read, undefined for other nodes. */
  readonly read: readonly (Lines | undefined)[];
  readonly logits: Lines;
}

/** The network as it is at `t`. What `t` leaves open may be decided the other way a moment later. */
export function linesAt(net: PiecewiseAffine, ray: Lines, t: number): RayLines {
  return linesOf(net, ray, (node, { intercepts, slopes }) =>
    decideAt(
      node,
      intercepts.map((intercept, i) => intercept + slopes[i]! * t),
    ),
  );
}

/** The network along the ray as a pattern has it, computed from scratch. */
export function linesUnder(net: PiecewiseAffine, ray: Lines, pattern: Pattern): RayLines {
  const known = follow(pattern);
  return linesOf(net, ray, (node, lines, n) => known(node, lines.intercepts, n));
}

function linesOf(
  net: PiecewiseAffine,
  ray: Lines,
  decide: (node: SwitchNode, lines: Lines, index: number) => Int32Array,
): RayLines {
  const read: (Lines | undefined)[] = net.nodes.map(() => undefined);
  const both = new Float64Array(2 * net.inputSize);
  both.set(ray.intercepts);
  both.set(ray.slopes, net.inputSize);
  const { outputs, pattern } = push(net, both, { count: 2, points: 1 }, (node, z, n) => {
    const lines = halves(z);
    read[n] = lines;
    return decide(node, lines, n);
  });
  return { pattern, read, logits: halves(outputs) };
}

function halves(z: Float64Array): Lines {
  return { intercepts: z.subarray(0, z.length / 2), slopes: z.subarray(z.length / 2) };
}
