import type { PiecewiseAffine } from '../../regions/types';
import { type Buffers, type CarriedForms, carriedForms, distinct } from './carriedForms';
import { carryBack } from './carryBack';
import { type Interval, magnitudes } from './interval';
import type { Relaxation } from './relaxation';
import { roundoff64, UNDERFLOW } from './rounding';

/** What is known of a network over a box, up to some node. */
export interface Known {
  /** Bounds of the values, 0 being the input. */
  readonly bounds: readonly Interval[];
  /** Lines around the results of nodes that decide, by the node's place; undefined for other nodes. */
  readonly relaxations: readonly (Relaxation | undefined)[];
  /** For each node, how large what it sums for one entry of its result can be; see `summandSizes`. */
  readonly sizes: readonly Float64Array[];
  /** Memory for forms, shared by all calls. */
  readonly buffers: Buffers;
}

/** One coefficient of a form. */
export interface Term {
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
export function formBounds(
  net: PiecewiseAffine,
  { bounds, relaxations, sizes, buffers }: Known,
  forms: readonly (readonly Term[])[],
  { on, to = 0 }: { readonly on: number; readonly to?: number },
): Float64Array {
  const carried = carriedForms(buffers, forms.length, (id) => bounds[id]!.lower.length);
  begin(carried, on, forms, bounds[on]!.lower.length);
  const constants = new Float64Array(forms.length);
  const lost = new Float64Array(forms.length);
  for (let id = on; id > to; id--) {
    if (!carried.has(id)) continue;
    addSizes(lost, carried, id, sizes[id - 1]!);
    carryBack(net.nodes[id - 1]!, relaxations[id - 1], id, carried, constants);
  }
  addSizes(lost, carried, to, magnitudes(bounds[to]!));
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

function addSizes(totals: Float64Array, carried: CarriedForms, id: number, sizes: Float64Array): void {
  const rows = carried.rows(id);
  const entries = carried.entries(id);
  for (let c = 0; c < totals.length; c++) {
    let sum = 0;
    for (let n = 0; n < entries.length; n++)
      sum += Math.abs(rows[c * sizes.length + entries[n]!]!) * sizes[entries[n]!]!;
    totals[c]! += sum;
  }
}

/** The largest value of each form over an interval. */
function addLargest(totals: Float64Array, carried: CarriedForms, id: number, { lower, upper }: Interval): void {
  const rows = carried.rows(id);
  const entries = carried.entries(id);
  for (let c = 0; c < totals.length; c++)
    for (let n = 0; n < entries.length; n++) {
      const i = entries[n]!;
      const factor = rows[c * lower.length + i]!;
      if (factor !== 0) totals[c]! += factor * (factor > 0 ? upper[i]! : lower[i]!);
    }
}
