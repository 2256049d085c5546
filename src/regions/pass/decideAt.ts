import type { KinkNode, MaxNode, SwitchNode } from '../types';

/**
 * What a node decides at a point, given the values it reads there (the first vector of `z`): the piece of each entry, or
 * the winner of each group. An entry on a threshold belongs to the piece below, so a ReLU at 0 is inactive; of equal
 * members of a group the first wins.
 */
export function decideAt(node: SwitchNode, z: Float64Array): Int32Array {
  return node.kind === 'kink' ? pieces(node, z) : winners(node, z);
}

function pieces({ size, thresholds }: KinkNode, z: Float64Array): Int32Array {
  const states = new Int32Array(size);
  for (const threshold of thresholds) for (let i = 0; i < size; i++) if (z[i]! > threshold) states[i]!++;
  return states;
}

function winners({ size, starts, members }: MaxNode, z: Float64Array): Int32Array {
  const states = new Int32Array(size);
  for (let g = 0; g < size; g++) {
    const first = starts[g]!;
    let winner = first;
    for (let m = first + 1; m < starts[g + 1]!; m++) if (z[members[m]!]! > z[members[winner]!]!) winner = m;
    states[g] = winner - first;
  }
  return states;
}
