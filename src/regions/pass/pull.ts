import type { AffineGraphNode, KinkNode, MaxNode, Pattern, PiecewiseAffine } from '../types';

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
  { size, pieces, slopes }: KinkNode,
  states: Int32Array,
  before: Float64Array,
  after: Float64Array,
): void {
  for (let i = 0; i < after.length; i++) {
    const entry = i % size;
    before[i]! += slopes[entry * pieces + states[entry]!]! * after[i]!;
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
