import type { AffineGraphNode } from '../../regions/types';
import { type CarriedForms, distinct } from './carriedForms';
import type { Relaxation } from './relaxation';

/**
 * Replaces the forms on the result of a node, value `id`, by forms on what the node reads, which are nowhere less: an affine
 * node by its transpose, a node that decides by the lines around it. What is constant is added to `constants`.
 */
export function carryBack(
  node: AffineGraphNode,
  relaxation: Relaxation | undefined,
  id: number,
  carried: CarriedForms,
  constants: Float64Array,
): void {
  switch (node.kind) {
    case 'affine':
      if (node.offset !== undefined) addProducts(constants, carried, id, node.offset);
      node.map.addTransposedTo(carried.rows(node.inputs[0]!), carried.rows(id), carried.count);
      carried.listNonZero(node.inputs[0]!);
      break;
    case 'sum':
      for (const input of node.inputs) carryToSummand(input, id, carried);
      break;
    default:
      carryOverLines(relaxation!, node.inputs[0]!, id, carried, constants);
  }
  carried.drop(id);
}

/** Adds to a total for each row its inner product with a vector. */
function addProducts(totals: Float64Array, carried: CarriedForms, id: number, vector: Float64Array): void {
  const rows = carried.rows(id);
  const entries = carried.entries(id);
  for (let c = 0; c < totals.length; c++)
    for (let n = 0; n < entries.length; n++)
      totals[c]! += rows[c * vector.length + entries[n]!]! * vector[entries[n]!]!;
}

function carryToSummand(input: number, id: number, carried: CarriedForms): void {
  const [before, after] = [carried.rows(input), carried.rows(id)];
  const entries = carried.entries(id);
  const size = after.length / carried.count;
  for (let c = 0; c < carried.count; c++)
    for (let n = 0; n < entries.length; n++) before[c * size + entries[n]!]! += after[c * size + entries[n]!]!;
  carried.list(input, entries);
}

function carryOverLines(
  { below, above }: Relaxation,
  input: number,
  id: number,
  carried: CarriedForms,
  constants: Float64Array,
): void {
  const [before, after] = [carried.rows(input), carried.rows(id)];
  const entries = carried.entries(id);
  const [inputSize, size] = [before.length / carried.count, after.length / carried.count];
  for (let c = 0; c < carried.count; c++)
    for (let n = 0; n < entries.length; n++) {
      const i = entries[n]!;
      const factor = after[c * size + i]!;
      if (factor === 0) continue;
      const lines = factor > 0 ? above : below;
      before[c * inputSize + lines.entries[i]!]! += factor * lines.slopes[i]!;
      constants[c]! += factor * lines.intercepts[i]!;
    }
  const read = [below, above].map((lines) => entries.map((i) => lines.entries[i]!));
  carried.list(input, distinct(read, inputSize));
}
