import type { Pausing } from '../../core/pausing';
import { repeated } from '../../regions/pass/rounding';
import type { Known } from '../bounds/formBounds';
import { type Interval, magnitudes, roundoff64, UNDERFLOW } from '../bounds/interval';
import type { AffineForm, Dictionary, Ending } from './dictionary';
import type { UnitChain } from './unitChain';

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

/** Squares of the numbers of variables that are worked through before other tasks may run, and steps for one maximum, which would only be reached by going round in circles. */
const [AT_ONCE, MOST_STEPS] = [2 ** 24, 10_000];

/** A unit to be decided, -1 for none, and what its relaxation gives away. */
export interface Choice {
  readonly unit: number;
  readonly gap: number;
}

/**
 * The undecided unit whose relaxation gives away most at a point, or, without one, whose triangle is largest; -1 if none gives away anything.
 * What `worth` makes of the number decides.
 */
export function pick(
  { chain, units }: Relaxed,
  at: Float64Array | undefined,
  factors: Float64Array,
  sides: Sides,
  worth = (choice: Choice) => choice.gap,
): Choice {
  let [best, most]: [Choice, number] = [{ unit: -1, gap: 0 }, 0];
  for (const [u, { stage, entry, h, s, above, below }] of units.entries()) {
    if (sides[u] !== 0) continue;
    const gap = at ? Math.min(at[h]!, at[s]!) : (above * below) / (above + below);
    if (gap <= 1e-9) continue;
    const bend = chain.stages[stage]!.above[entry]! - chain.stages[stage]!.below[entry]!;
    // A unit that bends the wrong way to gain from its relaxation comes last.
    const gain = factors[u]! * bend;
    const choice = { unit: u, gap: gap * (gain > 0 ? gain : -1e-3 * gain + 1e-12) };
    const score = worth(choice);
    if (score > most) [best, most] = [choice, score];
  }
  return best;
}

/** The same with one more unit decided. */
export function decided(sides: Sides, unit: number, side: 1 | -1): Sides {
  const next = sides.slice();
  next[unit] = side;
  return next;
}

/** Keeps units on their sides. */
export function setSides({ units }: Relaxed, program: Dictionary, sides: Sides): void {
  for (const [u, { h, s, above, below }] of units.entries()) {
    program.upper[h] = sides[u] === -1 ? 0 : above;
    program.upper[s] = sides[u] === 1 ? 0 : below;
  }
}

/** Does {@link Dictionary.descend} with pauses. */
export function* descend(program: Dictionary, floor: number, late: () => boolean): Pausing<Ending> {
  const steps = Math.max(1, Math.floor(AT_ONCE / program.lower.length ** 2));
  for (let left = MOST_STEPS; ; left -= steps) {
    const ending = program.descend(floor, steps);
    if (ending !== 'unfinished' || left <= 0 || late()) return ending;
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
