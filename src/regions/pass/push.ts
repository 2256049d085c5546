import { atOnce, type Pausing } from '../../core/pausing';
import type { AffineGraphNode, KinkNode, MaxNode, Pattern, PiecewiseAffine, SwitchNode } from '../types';
import { applyNode, type Columns } from './applyNode';

/** What a node decides, given the vectors it reads and its place in `nodes`. */
type Decide = (node: SwitchNode, z: Float64Array, index: number) => Int32Array;

/** Sees the result of a node and what it has read, and may change the result. */
type Touch = (node: AffineGraphNode, inputs: readonly Float64Array[], result: Float64Array) => void;

/** What came out of {@link push}. */
interface Pushed {
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
  return atOnce(pushing(net, vectors, columns, decide, touch));
}

/** The same with a pause before every node. */
export function* pushing(
  net: PiecewiseAffine,
  vectors: Float64Array,
  columns: Columns,
  decide: Decide,
  touch?: Touch,
): Pausing<Pushed> {
  const lastReader = new Int32Array(net.nodes.length + 1).fill(-1);
  for (const [n, { inputs }] of net.nodes.entries()) for (const id of inputs) lastReader[id] = n;
  const values: (Float64Array | undefined)[] = [vectors];
  const pattern: (Int32Array | undefined)[] = [];
  for (const [n, node] of net.nodes.entries()) {
    yield;
    const inputs = node.inputs.map((id) => values[id]!);
    const states = node.kind === 'kink' || node.kind === 'max' ? decide(node, inputs[0]!, n) : undefined;
    const result = applyNode(node, inputs, states, columns);
    touch?.(node, inputs, result);
    values[n + 1] = result;
    for (const id of node.inputs) if (lastReader[id] === n && id !== net.output) values[id] = undefined;
    pattern.push(states);
  }
  return { outputs: values[net.output]!, pattern };
}

/** Keeps to a pattern that is known already. */
export function follow(pattern: Pattern): Decide {
  return (_node, _z, index) => pattern[index]!;
}

/**
 * Pulls linear forms back to the input: given `count` rows of coefficients on some values of the graph, by the value's
 * number, the coefficients on the input of the same forms under a pattern, `count` x d. Constants are left aside.
 *
 * @param seen - Told the coefficients on the result of each node on the way.
 */
export function pull(
  net: PiecewiseAffine,
  pattern: Pattern,
  forms: ReadonlyMap<number, Float64Array>,
  count: number,
  seen?: (node: number, form: Float64Array) => void,
): Float64Array {
  return atOnce(pulling(net, pattern, forms, count, seen));
}

/** The same with a pause before every node. */
export function* pulling(
  net: PiecewiseAffine,
  pattern: Pattern,
  forms: ReadonlyMap<number, Float64Array>,
  count: number,
  seen?: (node: number, form: Float64Array) => void,
): Pausing<Float64Array> {
  const pulled = new Map(forms);
  const into = (id: number) => {
    const known = pulled.get(id);
    if (known !== undefined && known !== forms.get(id)) return known;
    const size = id === 0 ? net.inputSize : net.nodes[id - 1]!.size;
    const fresh = known?.slice() ?? new Float64Array(count * size);
    pulled.set(id, fresh);
    return fresh;
  };
  for (let n = net.nodes.length - 1; n >= 0; n--) {
    const form = pulled.get(n + 1);
    if (form === undefined) continue;
    yield;
    seen?.(n, form);
    const node = net.nodes[n]!;
    for (const id of node.inputs) pullNode(node, pattern[n], into(id), form, count);
    pulled.delete(n + 1);
  }
  return into(0);
}

/** Adds to the forms on one input of a node what forms on its result mean there. */
function pullNode(
  node: AffineGraphNode,
  states: Int32Array | undefined,
  before: Float64Array,
  after: Float64Array,
  count: number,
): void {
  switch (node.kind) {
    case 'affine':
      node.map.addTransposedTo(before, after, count);
      break;
    case 'sum':
      for (let i = 0; i < after.length; i++) before[i]! += after[i]!;
      break;
    case 'kink':
      pullKinks(node, states!, before, after);
      break;
    case 'max':
      pullGroups(node, states!, before, after, count);
  }
}

function pullKinks(
  { size, pieces, period, slopes }: KinkNode,
  states: Int32Array,
  before: Float64Array,
  after: Float64Array,
): void {
  for (let i = 0; i < after.length; i++) {
    const entry = i % size;
    before[i]! += slopes[(entry % period) * pieces + states[entry]!]! * after[i]!;
  }
}

function pullGroups(
  { size, starts, members }: MaxNode,
  states: Int32Array,
  before: Float64Array,
  after: Float64Array,
  count: number,
): void {
  const inputSize = before.length / count;
  for (let c = 0; c < count; c++)
    for (let g = 0; g < size; g++) before[c * inputSize + members[starts[g]! + states[g]!]!]! += after[c * size + g]!;
}
