import type { Pausing } from '../../core/pausing';
import { repeated } from '../../regions/pass/rounding';
import type { AffineGraphNode, AffineNode, PiecewiseAffine, SwitchNode } from '../../regions/types';
import { dualNormOf, withCoefficient } from './ball';
import { type Domain, magnitudes, roundoff64, UNDERFLOW } from './interval';
import type { Lines, Relaxation } from './relaxation';

/** What is known of a network over a box, up to some node. */
export interface Known {
  /** Bounds of the values, 0 being the input. */
  readonly bounds: readonly Domain[];
  /** Lines around the results of nodes that decide, by the node's place; undefined for other nodes. */
  readonly relaxations: readonly (Relaxation | undefined)[];
  /** For each node, how large what it sums for one entry of its result can be; see `summandSizes`. */
  readonly sizes: readonly Float64Array[];
  /** Memory for forms, shared by all calls. */
  readonly buffers: Buffers;
}

/** One coefficient of a form. */
interface Term {
  readonly entry: number;
  readonly factor: number;
}

/**
 * Upper bounds on linear forms of value `on`, in exact arithmetic: the forms are carried back to value `to`, with a result that is
 * decided replaced by the line above it where its coefficient is positive and by the line below it where it is negative,
 * and there the interval is put in.
 *
 * A step replaces `w.v` by `w'.v' + constant`. What rounding does to it is at most `u |w| . sizes`, `sizes` being the largest sums
 * of absolute values that make an entry of v, and u `roundoff64` of more terms than any of these sums has.
 */
export function* formBounds(
  net: PiecewiseAffine,
  { bounds, relaxations, sizes, buffers }: Known,
  forms: readonly (readonly Term[])[],
  { on, to = 0 }: { readonly on: number; readonly to?: number },
): Pausing<Float64Array> {
  const carried = carriedForms(buffers, forms.length, (id) => bounds[id]!.lower.length);
  begin(carried, on, forms, bounds[on]!.lower.length);
  const totals = { constants: new Float64Array(forms.length), lost: new Float64Array(forms.length) };
  const { constants, lost } = totals;
  for (let id = on; id > to; id--) {
    if (!carried.has(id)) continue;
    yield;
    carryBack(net.nodes[id - 1]!, relaxations[id - 1], id, carried, totals, sizes[id - 1]!);
  }
  addSums(totals, carried, to, magnitudes(bounds[to]!));
  addLargest(constants, carried, to, bounds[to]!);
  carried.drop(to);
  const unit = roundoff64(bounds.reduce((total, { lower }) => total + lower.length, 0));
  return constants.map((value, c) => {
    const bound = value + unit * (lost[c]! + Math.abs(value)) + UNDERFLOW;
    return Number.isNaN(bound) ? Number.POSITIVE_INFINITY : bound;
  });
}

function begin(carried: CarriedForms, on: number, forms: readonly (readonly Term[])[], size: number): void {
  const rows = carried.rows(on);
  for (const [c, terms] of forms.entries()) for (const { entry, factor } of terms) rows[c * size + entry] = factor;
  carried.list(on, distinct([Int32Array.from(forms.flat(), ({ entry }) => entry)], size));
}

/** What each form has come to so far. */
interface Totals {
  /** What is constant in it. */
  readonly constants: Float64Array;
  /** Sums of absolute values, of which a share may be lost to rounding. */
  readonly lost: Float64Array;
}

/** Adds the inner product of each form with a vector to its constant, and that of its absolute values with `sizes` to what is lost. */
function addSums(
  { constants, lost }: Totals,
  carried: CarriedForms,
  id: number,
  sizes: Float64Array,
  vector?: Float64Array,
): void {
  const rows = carried.rows(id);
  const entries = carried.entries(id);
  for (let c = 0; c < carried.count; c++) {
    const from = c * sizes.length;
    let [constant, summed] = [0, 0];
    for (let n = 0; n < entries.length; n++) {
      const i = entries[n]!;
      const factor = rows[from + i]!;
      summed += Math.abs(factor) * sizes[i]!;
      if (vector !== undefined) constant += factor * vector[i]!;
    }
    constants[c]! += constant;
    lost[c]! += summed;
  }
}

/** The largest value of each form over an interval, and over the ball in it if there is one: the lower of the two. */
function addLargest(totals: Float64Array, carried: CarriedForms, id: number, { lower, upper, ball }: Domain): void {
  const rows = carried.rows(id);
  const entries = carried.entries(id);
  for (let c = 0; c < totals.length; c++) {
    let [overBox, atCentre, dual] = [0, 0, 0];
    for (let n = 0; n < entries.length; n++) {
      const i = entries[n]!;
      const factor = rows[c * lower.length + i]!;
      if (factor === 0) continue;
      overBox += factor * (factor > 0 ? upper[i]! : lower[i]!);
      if (ball === undefined) continue;
      atCentre += factor * ball.centre[i]!;
      dual = withCoefficient(ball.norm, dual, factor);
    }
    if (ball === undefined) totals[c]! += overBox;
    else {
      const reach = ball.radius * dualNormOf(ball.norm, dual) * (1 + roundoff64(entries.length));
      totals[c]! += Math.min(overBox, atCentre + reach);
    }
  }
}

/**
 * Replaces the forms on the result of a node, value `id`, by forms on what the node reads, which are nowhere less: an affine
 * node by its transpose, a node that decides by the lines around it. What is constant, and what rounding may lose, is added to the totals.
 */
function carryBack(
  node: AffineGraphNode,
  relaxation: Relaxation | undefined,
  id: number,
  carried: CarriedForms,
  totals: Totals,
  sizes: Float64Array,
): void {
  switch (node.kind) {
    case 'affine':
      addSums(totals, carried, id, sizes, node.offset && repeated(node.offset, node.size));
      node.map.addTransposedTo(carried.rows(node.inputs[0]!), carried.rows(id), carried.count, carried.entries(id));
      carried.list(node.inputs[0]!, reachedBack(node, carried.entries(id)));
      break;
    case 'sum':
      addSums(totals, carried, id, sizes);
      for (const input of node.inputs) carryToSummand(input, id, carried);
      break;
    default:
      carryOverLines(node, relaxation!, id, carried, totals, sizes);
  }
  carried.drop(id);
}

/** The entries of what an affine node reads of which any of these entries of its result is made, in ascending order. */
function reachedBack({ map, size }: AffineNode, entries: Int32Array): Int32Array {
  const [ones, weights] = [new Float64Array(size), new Float64Array(map.inputSize)];
  for (const i of entries) ones[i] = 1;
  map.absolute().addTransposedTo(weights, ones, 1, entries);
  const reached = new Uint8Array(weights.length);
  for (let j = 0; j < weights.length; j++) if (weights[j] !== 0) reached[j] = 1;
  return marked(reached);
}

function carryToSummand(input: number, id: number, carried: CarriedForms): void {
  const [before, after] = [carried.rows(input), carried.rows(id)];
  const entries = carried.entries(id);
  const size = after.length / carried.count;
  for (let c = 0; c < carried.count; c++)
    for (let n = 0; n < entries.length; n++) before[c * size + entries[n]!]! += after[c * size + entries[n]!]!;
  carried.list(input, entries);
}

/** The lines below all entries of a result and then those above all of them, so that no branch has to choose. */
interface BothLines extends Lines {
  /** Whether they are finite, so that zero times a line is zero. */
  readonly finite: boolean;
}

const joined = new WeakMap<Relaxation, BothLines>();

function bothLines(relaxation: Relaxation): BothLines {
  const known = joined.get(relaxation);
  if (known !== undefined) return known;
  const { below, above } = relaxation;
  const size = below.entries.length;
  const both = {
    slopes: new Float64Array(2 * size),
    intercepts: new Float64Array(2 * size),
    entries: new Int32Array(2 * size),
  };
  for (const [lines, from] of [
    [below, 0],
    [above, size],
  ] as const) {
    both.slopes.set(lines.slopes, from);
    both.intercepts.set(lines.intercepts, from);
    both.entries.set(lines.entries, from);
  }
  const finite = both.slopes.every(Number.isFinite) && both.intercepts.every(Number.isFinite);
  const made = { ...both, finite };
  joined.set(relaxation, made);
  return made;
}

function carryOverLines(
  { kind, inputs: [input] }: SwitchNode,
  relaxation: Relaxation,
  id: number,
  carried: CarriedForms,
  { constants, lost }: Totals,
  sizes: Float64Array,
): void {
  const { slopes, intercepts, entries, finite } = bothLines(relaxation);
  const listed = carried.entries(id);
  const after = carried.rows(id);
  // Lines around a function of single entries are of the entry in the same place.
  const here = kind === 'kink' && !carried.has(input!);
  const before = here ? after : carried.rows(input!);
  const [inputSize, size] = [before.length / carried.count, after.length / carried.count];
  for (let c = 0; c < carried.count; c++) {
    const [to, from] = [c * inputSize, c * size];
    let [constant, summed] = [0, 0];
    for (let n = 0; n < listed.length; n++) {
      const i = listed[n]!;
      const factor = after[from + i]!;
      if (!finite && factor === 0) continue;
      const line = i + size * Number(factor > 0);
      after[from + i] = 0;
      summed += Math.abs(factor) * sizes[i]!;
      before[to + entries[line]!]! += factor * slopes[line]!;
      constant += factor * intercepts[line]!;
    }
    constants[c]! += constant;
    lost[c]! += summed;
  }
  if (here) {
    carried.move(id, input!);
    return;
  }
  const reached = new Uint8Array(inputSize);
  for (const i of listed) reached[entries[i]!] = reached[entries[i + size]!] = 1;
  carried.list(input!, marked(reached));
}

/**
 * Linear forms on their way back to the input: `count` rows of coefficients on each value that has any, together with a list of
 * the entries at which some row may not be zero.
 */
interface CarriedForms {
  readonly count: number;
  has(id: number): boolean;
  /** Coefficients on a value, `count` x its size; zeros at first. */
  rows(id: number): Float64Array;
  /** The listed entries of a value. */
  entries(id: number): Int32Array;
  /** Lists entries of a value. */
  list(id: number, entries: Int32Array): void;
  /** Takes the coefficients on a value for those on another of the same size, which has none. */
  move(id: number, to: number): void;
  /** Forgets the coefficients on a value. */
  drop(id: number): void;
}

/** Memory that one call leaves zeroed for the next. */
type Buffers = Map<number, Float64Array>;

/** No forms yet. */
function carriedForms(buffers: Buffers, count: number, sizeOf: (id: number) => number): CarriedForms {
  const listed = new Map<number, Int32Array>();
  const rows = (id: number) => {
    const length = count * sizeOf(id);
    const known = buffers.get(id);
    if (known !== undefined && known.length >= length) return known.subarray(0, length);
    const fresh = new Float64Array(length);
    buffers.set(id, fresh);
    return fresh;
  };
  const list = (id: number, entries: Int32Array) => {
    const before = listed.get(id);
    listed.set(id, before === undefined ? entries : distinct([before, entries], sizeOf(id)));
  };
  return {
    count,
    rows,
    list,
    has: (id) => listed.has(id),
    entries: (id) => listed.get(id) ?? new Int32Array(0),
    move(id, to) {
      const [mine, other] = [buffers.get(id), buffers.get(to)];
      buffers.set(to, mine!);
      if (other === undefined) buffers.delete(id);
      else buffers.set(id, other);
      listed.set(to, listed.get(id)!);
      listed.delete(id);
    },
    drop(id) {
      const size = sizeOf(id);
      const values = rows(id);
      for (let c = 0; c < count; c++) for (const i of listed.get(id) ?? []) values[c * size + i] = 0;
      listed.delete(id);
    },
  };
}

/** Every entry of any of the lists once, in ascending order. */
function distinct(lists: readonly Int32Array[], size: number): Int32Array {
  const marks = new Uint8Array(size);
  for (const entries of lists) for (const i of entries) marks[i] = 1;
  return marked(marks);
}

function marked(marks: Uint8Array): Int32Array {
  const entries = new Int32Array(marks.length);
  let used = 0;
  for (let i = 0; i < marks.length; i++) if (marks[i] === 1) entries[used++] = i;
  return entries.slice(0, used);
}
