import type { Pausing } from '../../core/pausing';
import type { Known } from '../bounds/formBounds';
import type { Interval } from '../bounds/interval';
import { type AffineForm, Dictionary } from './dictionary';
import type { TableauMaker } from './tableau';
import type { Stage, UnitChain } from './unitChain';
import { decided, descend, pick, type Relaxed, type Sides, setSides, type Unit, upperBound } from './upperBound';

/** Room for rows beside those of the units. */
export const MORE_ROWS = 32;

/** Programs of more entries are not searched: 64 MB. */
const MOST_ENTRIES = 2 ** 23;

/**
 * Relaxes the open units of a chain over what is known of it, stage after stage. Bounds of those that do not read the input are tightened by
 * the relaxation of the stages before them. In words what cannot be relaxed.
 */
export function* relaxed(
  chain: UnitChain,
  known: Known,
  tableaux: TableauMaker,
  late: () => boolean,
): Pausing<Relaxed | string> {
  const domain = known.bounds[0]!;
  const size = domain.lower.length;
  const most = chain.stages.reduce((sum, { units, to }) => sum + (units ? openIn(known.bounds[to]!).length : 0), 0);
  const [width, height] = [size + most + 1, 2 * most + MORE_ROWS];
  if (width * height > MOST_ENTRIES) return `${most} units on both sides of their kinks, which are too many`;
  if (known.bounds.some(({ lower, upper }) => !(lower.every(Number.isFinite) && upper.every(Number.isFinite))))
    return 'bounds that are not finite';
  const program = new Dictionary(width, height, tableaux.make(width, height));
  for (let i = 0; i < size; i++) program.addVariable(domain.lower[i]!, domain.upper[i]!);
  const variables = size + 3 * most;
  let read = Array.from({ length: size }, (_, i) => formOf(variables, [[i, 1]]));
  const [units, bounds, open]: [Unit[], Interval[], Int32Array[]] = [[], [], []];
  for (const [s, stage] of chain.stages.entries()) {
    const values = mapped(stage, read, variables);
    const soFar = { program, units, logits: values, chain, domain, bounds, open, known };
    if (stage.units === undefined) return soFar;
    const { lower, upper } = known.bounds[stage.to]!;
    const interval = { lower: lower.slice(), upper: upper.slice() };
    if (s > 0) yield* tighten(soFar, s, interval, late);
    const places = new Int32Array(stage.size).fill(-1);
    bounds.push(interval);
    open.push(places);
    read = values.map((value, entry) => {
      const [below, above] = [-interval.lower[entry]!, interval.upper[entry]!];
      const slopes = { below: stage.below[entry]!, above: stage.above[entry]! };
      if (below <= 0) return scaled(value, slopes.above);
      if (above <= 0) return scaled(value, slopes.below);
      const negative = program.addVariable(0, below);
      value.factors[negative] = 1;
      const h = program.addRow(value, 0, above);
      const triangle = [
        [h, -1 / above],
        [negative, -1 / below],
      ] as const;
      const slack = program.addRow(formOf(variables, triangle, 1), 0, 1);
      places[entry] = units.length;
      units.push({ stage: s, entry, below, above, h, s: negative, slack });
      return formOf(variables, [
        [h, slopes.above],
        [negative, -slopes.below],
      ]);
    });
  }
  return 'no affine layer at the end';
}

/** Entries whose bounds lie on both sides of 0. */
function openIn({ lower, upper }: Interval): number[] {
  return Array.from(lower.keys()).filter((i) => lower[i]! < 0 && upper[i]! > 0);
}

function formOf(variables: number, terms: readonly (readonly [number, number])[], constant = 0): AffineForm {
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

/** Parts into which the domain is divided for one bound of one value at the most. */
const PARTS = 200;

/** Lowers the upper and raises the lower bounds of the values of a stage that are on both sides of 0. */
function* tighten(before: Relaxed, s: number, interval: Interval, late: () => boolean): Pausing<void> {
  for (const entry of openIn(interval))
    for (const sign of [1, -1] as const) {
      if (late()) break;
      const bound = yield* largest(before, { stage: s, entry, sign }, late);
      if (sign > 0) interval.upper[entry] = Math.min(interval.upper[entry]!, bound);
      else interval.lower[entry] = Math.max(interval.lower[entry]!, -bound);
    }
  setSides(before, before.program, new Int8Array(before.units.length));
}

/** Bounds a value of a stage, or minus that, from above: by branch and bound, until it is below 0 or so many parts are looked at. */
function* largest(
  before: Relaxed,
  { stage, entry, sign }: { readonly stage: number; readonly entry: number; readonly sign: 1 | -1 },
  late: () => boolean,
): Pausing<number> {
  const { program, units, logits: values } = before;
  program.setObjective(scaled(values[entry]!, sign));
  const form = new Float64Array(values.length);
  form[entry] = sign;
  const parts = [yield* look(new Int8Array(units.length), Number.POSITIVE_INFINITY)];
  for (;;) {
    const at = parts.reduce((best, { bound }, i) => (bound > parts[best]!.bound ? i : best), 0);
    const { sides, bound, unit } = parts[at]!;
    if (unit < 0 || bound <= 0 || parts.length >= PARTS || late()) return bound;
    parts[at] = yield* look(decided(sides, unit, 1), bound);
    parts.push(yield* look(decided(sides, unit, -1), bound));
  }

  function* look(sides: Sides, most: number) {
    setSides(before, program, sides);
    const ending = yield* descend(program, 0, late);
    const { bound, factors } = upperBound(before, stage, form, program.reducedCosts(-1), sides);
    const unit = ending === 'optimal' ? pick(before, program.point(), factors, sides).unit : -1;
    yield;
    return { sides, bound: Math.min(bound, most), unit };
  }
}
