import type { AffineGraphNode, Pattern, PiecewiseAffine, SwitchNode } from '../types';
import { applyNode, type Columns } from './applyNode';

/** What a node decides, given the vectors it reads and its place in `nodes`. */
export type Decide = (node: SwitchNode, z: Float64Array, index: number) => Int32Array;

/** Sees the result of a node and what it has read, and may change the result. */
export type Touch = (node: AffineGraphNode, inputs: readonly Float64Array[], result: Float64Array) => void;

/** What came out of {@link push}. */
export interface Pushed {
  /** The logits of each vector, `count` x K. */
  readonly outputs: Float64Array;
  /** What was decided on the way. */
  readonly pattern: Pattern;
}

/**
 * Pushes vectors of the input through the network together: points, and directions that see no constants. Every node
 * that decides asks `decide`, which gets the same vectors at its place; `decideAt` follows the first one, `follow` keeps
 * to a pattern.
 */
export function push(
  net: PiecewiseAffine,
  vectors: Float64Array,
  columns: Columns,
  decide: Decide,
  touch?: Touch,
): Pushed {
  const lastReader = new Int32Array(net.nodes.length + 1).fill(-1);
  for (const [n, { inputs }] of net.nodes.entries()) for (const id of inputs) lastReader[id] = n;
  const values: (Float64Array | undefined)[] = [vectors];
  const pattern = net.nodes.map((node, n) => {
    const inputs = node.inputs.map((id) => values[id]!);
    const states = node.kind === 'kink' || node.kind === 'max' ? decide(node, inputs[0]!, n) : undefined;
    const result = applyNode(node, inputs, states, columns);
    touch?.(node, inputs, result);
    values[n + 1] = result;
    for (const id of node.inputs) if (lastReader[id] === n && id !== net.output) values[id] = undefined;
    return states;
  });
  return { outputs: values[net.output]!, pattern };
}

/** Keeps to a pattern that is known already. */
export function follow(pattern: Pattern): Decide {
  return (_node, _z, index) => pattern[index]!;
}
