import type { AffineGraphNode, KinkNode, MaxNode, SwitchNode } from '../types';

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

/** How vectors are pushed through a network together. */
export interface Columns {
  /** Number of vectors, row after row in one array. */
  readonly count: number;
  /** How many of them, the first ones, are points; the others are directions, to which no constant is added. */
  readonly points: number;
}

/** The result of one node for several vectors, given the values it reads and what it has decided. */
export function applyNode(
  node: AffineGraphNode,
  inputs: readonly Float64Array[],
  states: Int32Array | undefined,
  columns: Columns,
): Float64Array {
  const result = new Float64Array(columns.count * node.size);
  applyNodeTo(result, node, inputs, states, columns);
  return result;
}

/** Writes the result of one node over what `result` holds. */
export function applyNodeTo(
  result: Float64Array,
  node: AffineGraphNode,
  inputs: readonly Float64Array[],
  states: Int32Array | undefined,
  { count, points }: Columns,
): void {
  switch (node.kind) {
    case 'affine':
      result.fill(0);
      if (node.offset) for (let at = 0; at < points * node.size; at += node.offset.length) result.set(node.offset, at);
      node.map.addTo(result, inputs[0]!, count);
      break;
    case 'sum':
      result.fill(0);
      for (const input of inputs) for (let i = 0; i < result.length; i++) result[i]! += input[i]!;
      break;
    case 'kink':
      applyKink(result, node, inputs[0]!, states!, { count, points });
      break;
    case 'max':
      applyMax(result, node, inputs[0]!, states!, count);
      break;
  }
}

function applyKink(
  result: Float64Array,
  { size, pieces, period, slopes, intercepts }: KinkNode,
  z: Float64Array,
  states: Int32Array,
  { count, points }: Columns,
): void {
  for (let c = 0; c < count; c++)
    for (let i = 0; i < size; i++) {
      const piece = (i % period) * pieces + states[i]!;
      const constant = c < points ? intercepts[piece]! : 0;
      result[c * size + i] = slopes[piece]! * z[c * size + i]! + constant;
    }
}

function applyMax(
  result: Float64Array,
  { size, starts, members }: MaxNode,
  z: Float64Array,
  states: Int32Array,
  count: number,
): void {
  const inputSize = z.length / count;
  for (let c = 0; c < count; c++)
    for (let g = 0; g < size; g++) result[c * size + g] = z[c * inputSize + members[starts[g]! + states[g]!]!]!;
}
