import { follow, push } from '../pass/push';
import type { KinkNode, MaxNode, Pattern, PiecewiseAffine, SwitchNode } from '../types';

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

/** The network at `t` and a moment later: decisions that `t` leaves open are taken from what follows. */
export function linesAt(net: PiecewiseAffine, ray: Lines, t: number): RayLines {
  return linesOf(net, ray, (node, lines) =>
    node.kind === 'kink' ? piecesAt(node, lines, t) : winnersAt(node, lines, t),
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

function piecesAt({ size, thresholds }: KinkNode, { intercepts, slopes }: Lines, t: number): Int32Array {
  const states = new Int32Array(size);
  for (const threshold of thresholds)
    for (let i = 0; i < size; i++) {
      const above = intercepts[i]! + slopes[i]! * t - threshold;
      if (above > 0 || (above === 0 && slopes[i]! > 0)) states[i]!++;
    }
  return states;
}

function winnersAt({ size, starts, members }: MaxNode, { intercepts, slopes }: Lines, t: number): Int32Array {
  const states = new Int32Array(size);
  for (let g = 0; g < size; g++) {
    let winner = members[starts[g]!]!;
    for (let m = starts[g]! + 1; m < starts[g + 1]!; m++) {
      const rival = members[m]!;
      const ahead = intercepts[rival]! + slopes[rival]! * t - (intercepts[winner]! + slopes[winner]! * t);
      if (ahead < 0 || (ahead === 0 && slopes[rival]! <= slopes[winner]!)) continue;
      winner = rival;
      states[g] = m - starts[g]!;
    }
  }
  return states;
}
