import type { AffineGraphNode, PiecewiseAffine } from '../../regions/types';
import { type Interval, magnitudes } from './interval';
import type { Relaxation } from './relaxation';
import { roundoff64, UNDERFLOW } from './rounding';

/** What is known of a network over a box, up to some node. */
export interface Known {
  /** Bounds of the values, 0 being the input. */
  readonly bounds: readonly Interval[];
  /** Lines around the results of nodes that decide, by the node's place; undefined for other nodes. */
  readonly relaxations: readonly (Relaxation | undefined)[];
  /** For each node, how large what it sums for one entry of its result can be; see {@link summandSizes}. */
  readonly sizes: readonly Float64Array[];
}

/** Linear forms on one value of the network. */
export interface Forms {
  /** The value's number. */
  readonly on: number;
  /** Coefficients, `count` x the value's size. */
  readonly rows: Float64Array;
  readonly count: number;
}

/**
 * Upper bounds on linear forms of a value, in exact arithmetic: the forms are carried back to the value `to`, with a result
 * that is decided replaced by the line above it where its coefficient is positive and by the line below it where it is
 * negative, and there the interval is put in.
 *
 * A step replaces `w.v` by `w'.v' + constant`. What rounding does to it is at most `u |w| . sizes`, `sizes` being the largest sums
 * of absolute values that make an entry of v, and u {@link roundoff64} of more terms than any of these sums has.
 */
export function formBounds(net: PiecewiseAffine, { bounds, relaxations, sizes }: Known, forms: Forms, to = 0) {
  const { on, rows, count } = forms;
  const carried = new Map([[on, rows]]);
  const constants = new Float64Array(count);
  const lost = new Float64Array(count);
  const into = (id: number) => {
    const known = carried.get(id);
    if (known !== undefined) return known;
    const fresh = new Float64Array(count * bounds[id]!.lower.length);
    carried.set(id, fresh);
    return fresh;
  };
  for (let id = on; id > to; id--) {
    const form = carried.get(id);
    if (form === undefined) continue;
    const node = net.nodes[id - 1]!;
    addSizes(lost, form, sizes[id - 1]!);
    carryBack(node, relaxations[id - 1], { form, into, constants });
    carried.delete(id);
  }
  const unit = roundoff64(bounds.reduce((total, { lower }) => total + lower.length, 0));
  const end = into(to);
  addSizes(lost, end, magnitudes(bounds[to]!));
  addLargest(constants, end, bounds[to]!);
  return constants.map((value, c) => {
    const bound = value + unit * (lost[c]! + Math.abs(value)) + UNDERFLOW;
    return Number.isNaN(bound) ? Number.POSITIVE_INFINITY : bound;
  });
}

/** For each entry of a node's result, the largest sum of absolute values of what is added up for it. */
export function summandSizes(
  node: AffineGraphNode,
  inputs: readonly Interval[],
  relaxation: Relaxation | undefined,
): Float64Array {
  const read = inputs.map(magnitudes);
  switch (node.kind) {
    case 'affine': {
      const sizes = node.offset?.map(Math.abs) ?? new Float64Array(node.size);
      node.map.absolute().addTo(sizes, read[0]!, 1);
      return sizes;
    }
    case 'sum':
      return read[0]!.map((_, i) => read.reduce((total, size) => total + size[i]!, 0));
    default: {
      const { below, above } = relaxation!;
      const sizeOf = ({ slopes, intercepts, entries }: Relaxation['below'], i: number) =>
        Math.abs(slopes[i]!) * read[0]![entries[i]!]! + Math.abs(intercepts[i]!);
      return Float64Array.from({ length: node.size }, (_, i) => Math.max(sizeOf(below, i), sizeOf(above, i)));
    }
  }
}

/** One step back: a form, where it goes, and what it leaves in the constants. */
interface Carried {
  readonly form: Float64Array;
  readonly into: (id: number) => Float64Array;
  readonly constants: Float64Array;
}

function carryBack(node: AffineGraphNode, relaxation: Relaxation | undefined, carried: Carried): void {
  const { form, into, constants } = carried;
  switch (node.kind) {
    case 'affine':
      if (node.offset !== undefined) addProducts(constants, form, node.offset);
      node.map.addTransposedTo(into(node.inputs[0]!), form, constants.length);
      break;
    case 'sum':
      for (const id of node.inputs) {
        const before = into(id);
        for (let i = 0; i < form.length; i++) before[i]! += form[i]!;
      }
      break;
    default:
      carryOverLines(relaxation!, into(node.inputs[0]!), carried);
  }
}

function carryOverLines({ below, above }: Relaxation, before: Float64Array, { form, constants }: Carried): void {
  const count = constants.length;
  const size = form.length / count;
  const inputSize = before.length / count;
  for (let c = 0; c < count; c++)
    for (let i = 0; i < size; i++) {
      const factor = form[c * size + i]!;
      if (factor === 0) continue;
      const { slopes, intercepts, entries } = factor > 0 ? above : below;
      before[c * inputSize + entries[i]!]! += factor * slopes[i]!;
      constants[c]! += factor * intercepts[i]!;
    }
}

function addProducts(totals: Float64Array, rows: Float64Array, vector: Float64Array): void {
  for (let c = 0; c < totals.length; c++)
    for (let i = 0; i < vector.length; i++) totals[c]! += rows[c * vector.length + i]! * vector[i]!;
}

function addSizes(totals: Float64Array, rows: Float64Array, sizes: Float64Array): void {
  for (let c = 0; c < totals.length; c++)
    for (let i = 0; i < sizes.length; i++) totals[c]! += Math.abs(rows[c * sizes.length + i]!) * sizes[i]!;
}

/** The largest value of each form over an interval. */
function addLargest(totals: Float64Array, rows: Float64Array, { lower, upper }: Interval): void {
  for (let c = 0; c < totals.length; c++)
    for (let i = 0; i < lower.length; i++) {
      const factor = rows[c * lower.length + i]!;
      if (factor !== 0) totals[c]! += factor * (factor > 0 ? upper[i]! : lower[i]!);
    }
}
