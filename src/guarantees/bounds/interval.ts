import { refuse, type Where } from '../../core/check';
import { type Ball, lengthIn, type Norm } from './ball';

/** Lower and upper bounds of each entry of a vector; infinite where nothing is known. */
export interface Interval {
  /** No entry is less. */
  readonly lower: Float64Array;
  /** No entry is more. */
  readonly upper: Float64Array;
}

/** The inputs that a bound is about: those of a box that also lie in a ball, if there is one. */
export interface Domain extends Interval {
  readonly ball?: Ball;
}

/** An interval as its middle and how far its ends are from there at most. */
interface Centred {
  readonly centre: Float64Array;
  readonly radius: Float64Array;
}

/** The interval as middle and reach, the latter rounded once: what its readers allow for float64 is more than that. */
export function centred({ lower, upper }: Interval): Centred {
  const centre = lower.map((low, i) => finite(low / 2 + upper[i]! / 2));
  const radius = centre.map((middle, i) => {
    const reach = Math.max(upper[i]! - middle, middle - lower[i]!);
    return Number.isNaN(reach) ? Number.POSITIVE_INFINITY : reach;
  });
  return { centre, radius };
}

/** The largest absolute value of each entry. */
export function magnitudes({ lower, upper }: Interval): Float64Array {
  return lower.map((low, i) => Math.max(Math.abs(low), Math.abs(upper[i]!)));
}

/** The same with NaN, which overflowing leaves behind, as no bound at all. */
export function withoutNaN({ lower, upper }: Interval): Interval {
  const known = (none: number) => (value: number) => (Number.isNaN(value) ? none : value);
  return {
    lower: lower.map(known(Number.NEGATIVE_INFINITY)),
    upper: upper.map(known(Number.POSITIVE_INFINITY)),
  };
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

/** Whose numbers a bound is about: those of exact arithmetic, or those that tfjs computes in float32. */
export type Arithmetic = 'float32' | 'real';

/** What points a bound is about, and in which numbers. */
interface BallSettings {
  readonly norm: Norm;
  /** The box of valid inputs; none where all inputs are meant. */
  readonly bounds: readonly [number, number] | undefined;
  readonly arithmetic: Arithmetic;
}

/** How much the entries of a point of the ball can be beside where they should be, relative to their size. */
const ROUNDING: Readonly<Record<Arithmetic, number>> = { float32: 2 ** -22, real: 2 ** -51 };

/** The distance of the numbers next to zero. */
const SMALLEST: Readonly<Record<Arithmetic, number>> = { float32: 2 ** -149, real: Number.MIN_VALUE };

/**
 * The points of the box within an L-infinity distance of x, and, where x or a sum has to be rounded, a little more: in
 * float32 arithmetic also the points that float32 rounds out of the ball.
 */
export function linfBox(
  where: Where,
  x: Float64Array,
  epsilon: number,
  bounds: readonly [number, number] | undefined,
  arithmetic: Arithmetic,
): Interval {
  const [low, high] = bounds === undefined ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] : widened(bounds);
  const outside = x.find((value) => value < low || value > high);
  if (outside !== undefined)
    refuse(
      where,
      'OUT_OF_BOUNDS',
      `within the bounds [${bounds!.join(', ')}]`,
      `an input that holds ${outside}`,
      'Rescale the input, or state the true range with `bounds`.',
    );
  const beside = (value: number) => {
    // A point that is not moved may have to be rounded to float32 all the same.
    const exact = epsilon === 0 && (arithmetic === 'real' || Math.fround(value) === value);
    return exact ? 0 : epsilon + ROUNDING[arithmetic] * (Math.abs(value) + epsilon) + SMALLEST[arithmetic];
  };
  return {
    lower: x.map((value) => Math.max(low, value - beside(value))),
    upper: x.map((value) => Math.min(high, value + beside(value))),
  };
}

/**
 * The points of the box within a distance of x in a norm, and a little more where {@link linfBox} has that: every entry may
 * be moved by rounding besides.
 */
export function ballIn(
  where: Where,
  x: Float64Array,
  radius: number,
  { norm, bounds, arithmetic }: BallSettings,
): Domain {
  const box = linfBox(where, x, radius, bounds, arithmetic);
  if (norm === 'linf') return box;
  const moved = x.map((value) => ROUNDING[arithmetic] * (Math.abs(value) + radius) + SMALLEST[arithmetic]);
  return { ...box, ball: { norm, centre: x, radius: (radius + lengthIn(norm, moved)) * (1 + roundoff64(x.length)) } };
}

/** The bounds, moved outwards to where float32 may have put them. */
function widened([low, high]: readonly [number, number]): readonly [number, number] {
  const moved = (value: number, direction: 1 | -1) =>
    Math.fround(value) === value ? value : value + direction * (2 ** -23 * Math.abs(value) + SMALLEST.float32);
  return [moved(low, -1), moved(high, 1)];
}

/** Half the distance from 1 to the next float64. */
const UNIT = 2 ** -53;

/** Larger than any number of float64 underflows can add up to. */
export const UNDERFLOW = 1e-250;

/**
 * A bound on the relative error of a float64 sum of `terms` products, in whatever order they are added: at least twice
 * `n u / (1 - n u)` for n some terms more, so that a few operations before and after the sum are covered too.
 */
export function roundoff64(terms: number): number {
  return 4 * (terms + 16) * UNIT;
}
