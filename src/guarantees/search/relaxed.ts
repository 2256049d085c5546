import type { Pausing } from '../../core/pausing';
import { repeated } from '../../regions/pass/repeated';
import type { Known } from '../bounds/formBounds';
import { type Interval, magnitudes, roundoff64, UNDERFLOW } from '../bounds/interval';
import { type AffineForm, Dictionary, type Ending } from './dictionary';
import type { Stage, UnitChain } from './unitChain';

/** A unit that may be on either side of its kink: its value z = h - s with h, s >= 0, one of which is 0. */
export interface Unit {
  readonly stage: number;
  readonly entry: number;
  /** z is at least -below and at most above. */
  readonly below: number;
  readonly above: number;
  /** Variables of the program. */
  readonly h: number;
  readonly s: number;
  /** 1 - h / above - s / below, which the relaxation keeps >= 0. */
  readonly slack: number;
}

/** On which side of their kinks units are: 1 above, -1 below, 0 either. */
export type Sides = Int8Array;

/**
 * A chain over a box with each open unit relaxed: z = h - s, h, s >= 0 and h / above + s / below <= 1, which is the triangle around its graph.
 */
export interface Relaxed {
  readonly program: Dictionary;
  readonly units: readonly Unit[];
  /** Logits as functions of the variables. */
  readonly logits: readonly AffineForm[];
  readonly chain: UnitChain;
  readonly domain: Interval;
  readonly bounds: readonly Interval[];
  /** For each stage the open units by entry; -1 for others. */
  readonly open: readonly Int32Array[];
  readonly known: Known;
}

/** Steps of the simplex method before other tasks may run. */
const STEPS = 200;

/** Room for rows beside those of the units. */
export const MORE_ROWS = 64;

/** More entries of the program than these are not searched: 64 MB. */
const MOST_ENTRIES = 2 ** 23;

/**
 * Relaxes the open units of a chain, stage after stage; bounds of those that do not read the input are tightened by the relaxation before
 * them. In words what is too large.
 */
export function* relaxed(
  net: { readonly chain: UnitChain; readonly known: Known },
  late: () => boolean,
): Pausing<Relaxed | string> {
  const { chain, known } = net;
  const domain = known.bounds[0]!;
  const size = domain.lower.length;
  const most = chain.stages.reduce((sum, { units, to }) => sum + (units ? openIn(known.bounds[to]!).length : 0), 0);
  const [width, height] = [size + most + 1, 2 * most + MORE_ROWS];
  if (width * height > MOST_ENTRIES) return `${most} units on both sides of their kinks`;
  const program = new Dictionary(width, height);
  for (let i = 0; i < size; i++) program.addVariable(domain.lower[i]!, domain.upper[i]!);
  const variables = size + 3 * most;
  let read = Array.from({ length: size }, (_, i) => unitForm(variables, [[i, 1]]));
  const [units, bounds, open]: [Unit[], Interval[], Int32Array[]] = [[], [], []];
  for (const [s, stage] of chain.stages.entries()) {
    const values = mapped(stage, read, variables);
    const soFar = { program, units, logits: values, chain, domain, bounds, open, known };
    if (!stage.units) return soFar;
    const { lower, upper } = known.bounds[stage.to]!;
    const interval = { lower: lower.slice(), upper: upper.slice() };
    if (s > 0) yield* tighten(soFar, s, interval, late);
    bounds.push(interval);
    const places = new Int32Array(stage.size).fill(-1);
    open.push(places);
    read = [];
    for (const [entry, value] of values.entries()) {
      const [below, above] = [-interval.lower[entry]!, interval.upper[entry]!];
      if (below <= 0) read.push(scaled(value, stage.above[entry]!));
      else if (above <= 0) read.push(scaled(value, stage.below[entry]!));
      else {
        const s_ = program.addVariable(0, below);
        value.factors[s_] = 1;
        const h = program.addRow(value, 0, above);
        const room = unitForm(
          variables,
          [
            [h, -1 / above],
            [s_, -1 / below],
          ],
          1,
        );
        const slack = program.addRow(room, 0, 1);
        places[entry] = units.length;
        units.push({ stage: s, entry, below, above, h, s: s_, slack });
        read.push(
          unitForm(variables, [
            [h, stage.above[entry]!],
            [s_, -stage.below[entry]!],
          ]),
        );
      }
    }
  }
  return 'no affine layer at the end';
}

/** Entries whose bounds lie on both sides of 0. */
function openIn({ lower, upper }: Interval): number[] {
  return Array.from(lower.keys()).filter((i) => lower[i]! < 0 && upper[i]! > 0);
}

function unitForm(variables: number, terms: readonly (readonly [number, number])[], constant = 0): AffineForm {
  const factors = new Float64Array(variables);
  for (const [variable, factor] of terms) factors[variable]! += factor;
  return { factors, constant };
}

function scaled({ factors, constant }: AffineForm, by: number): AffineForm {
  return by === 1 ? { factors, constant } : { factors: factors.map((factor) => by * factor), constant: by * constant };
}

/** The affine nodes of a stage applied to what it reads. */
function mapped({ weights, offset, size, inputSize }: Stage, read: readonly AffineForm[], variables: number) {
  return Array.from({ length: size }, (_, o) => {
    const factors = new Float64Array(variables);
    let constant = offset[o]!;
    for (let i = 0; i < inputSize; i++) {
      const weight = weights[o * inputSize + i]!;
      if (weight === 0) continue;
      const form = read[i]!;
      constant += weight * form.constant;
      for (let v = 0; v < variables; v++) factors[v]! += weight * form.factors[v]!;
    }
    return { factors, constant };
  });
}

/** Lowers the upper and raises the lower bounds of the values of a stage that are on both sides of 0. */
function* tighten(before: Relaxed, s: number, interval: Interval, late: () => boolean): Pausing<void> {
  const { program, chain, logits: values } = before;
  const sides = new Int8Array(before.units.length);
  for (const entry of openIn(interval))
    for (const sign of [1, -1] as const) {
      program.setObjective(scaled(values[entry]!, sign));
      const form = new Float64Array(chain.stages[s]!.size);
      form[entry] = sign;
      yield* descend(program, 0, late);
      if (late()) return;
      const { bound } = upperBound(before, s, form, program.reducedCosts(0), sides);
      if (sign > 0) interval.upper[entry] = Math.min(interval.upper[entry]!, bound);
      else interval.lower[entry] = Math.max(interval.lower[entry]!, -bound);
    }
}

/** Does {@link Dictionary.descend} with pauses. */
export function* descend(program: Dictionary, floor: number, late: () => boolean): Pausing<Ending> {
  for (;;) {
    const ending = program.descend(floor, STEPS);
    if (ending !== 'unfinished' || late()) return ending;
    yield;
  }
}

/** An upper bound, and the factors of the results of the units in the form that was bounded. */
interface FormBound {
  readonly bound: number;
  readonly factors: Float64Array;
}

/**
 * An upper bound, in exact arithmetic, on a form of what stage `last` gives, with all units on the sides that are stated.
 *
 * Any number y may be chosen for an open unit: its result with the factor v is `v (a h - b s) = y z + (v a - y) h + (y - v b) s`, z = h - s, with
 * slopes a above and b below the kink, and the last two terms are largest in a corner of the triangle of (h, s). So the form is
 * carried back stage by stage to the box of inputs, as in CROWN, where y = v times a slope; the best y are what the reduced costs of
 * a solved program say. They need not be exact: what they are off costs sharpness and not truth. Rounding is counted
 * as by `formBounds`.
 */
export function upperBound(
  { chain, units, bounds, open, domain, known }: Relaxed,
  last: number,
  form: Float64Array,
  costs: Float64Array,
  sides: Sides,
): FormBound {
  let [rows, constant, lost] = [form, 0, 0];
  const factors = new Float64Array(units.length);
  for (let s = last; s >= 0; s--) {
    const { nodes, to } = chain.stages[s]!;
    for (let n = nodes.length - 1; n >= 0; n--) {
      const node = nodes[n]!;
      lost += sizeOf(rows, known.sizes[to - nodes.length + n]!);
      if (node.offset) {
        const offset = repeated(node.offset, node.size);
        for (let i = 0; i < rows.length; i++) constant += rows[i]! * offset[i]!;
      }
      const next = new Float64Array(node.map.inputSize);
      node.map.addTransposedTo(next, rows, 1);
      rows = next;
    }
    if (s === 0) break;
    const { above, below } = chain.stages[s - 1]!;
    const { lower, upper } = bounds[s - 1]!;
    const next = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) {
      const factor = rows[i]!;
      const place = open[s - 1]![i]!;
      if (place < 0) {
        next[i] = factor * (lower[i]! >= 0 ? above[i]! : below[i]!);
        lost += Math.abs(next[i]!) * Math.max(Math.abs(lower[i]!), Math.abs(upper[i]!));
        continue;
      }
      const unit = units[place]!;
      const y = factor * below[i]! + costs[unit.s]! - costs[unit.slack]! / unit.below;
      const atHigh = (factor * above[i]! - y) * unit.above;
      const atLow = (y - factor * below[i]!) * unit.below;
      const side = sides[place]!;
      constant += Math.max(0, side >= 0 ? atHigh : 0, side <= 0 ? atLow : 0);
      const steep = Math.abs(above[i]!) + Math.abs(below[i]!);
      lost += (Math.abs(factor) * steep + Math.abs(y)) * (unit.above + unit.below);
      next[i] = y;
      factors[place] = factor;
    }
    rows = next;
  }
  lost += sizeOf(rows, magnitudes(domain));
  for (let i = 0; i < rows.length; i++) constant += rows[i]! * (rows[i]! > 0 ? domain.upper[i]! : domain.lower[i]!);
  const rounding = roundoff64(known.sizes.reduce((total, { length }) => total + length, rows.length));
  const bound = constant + rounding * (lost + Math.abs(constant)) + UNDERFLOW;
  return { bound: Number.isNaN(bound) ? Number.POSITIVE_INFINITY : bound, factors };
}

function sizeOf(rows: Float64Array, sizes: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < rows.length; i++) sum += Math.abs(rows[i]!) * sizes[i]!;
  return sum;
}
