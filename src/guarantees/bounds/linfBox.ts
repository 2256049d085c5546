import { refuse, type Where } from '../../core/check';
import type { Interval } from './interval';

/** Whose numbers a bound is about: those of exact arithmetic, or those that tfjs computes in float32. */
export type Arithmetic = 'float32' | 'real';

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

/** The bounds, moved outwards to where float32 may have put them. */
function widened([low, high]: readonly [number, number]): readonly [number, number] {
  const moved = (value: number, direction: 1 | -1) =>
    Math.fround(value) === value ? value : value + direction * (2 ** -23 * Math.abs(value) + SMALLEST.float32);
  return [moved(low, -1), moved(high, 1)];
}
