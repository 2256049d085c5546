import type { Corner } from './corner';
import { blurOf, roundingAt, type Sizes } from './line';
import { insideOf } from './polygon';

/** The corners of a polygon and, last, a point inside, laid out for testing many affine functions. */
export interface Probes {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly w: Float64Array;
  /** Size of rounding errors at each. */
  readonly rounding: Float64Array;
}

/** Set where a function is positive at one of the probes at least. */
export const ABOVE = 1;
/** Set where a function is negative at one of the probes at least. */
export const BELOW = 2;

/** The probes of a polygon, for functions of these sizes. */
export function probesOf(corners: readonly Corner[], sizes: Sizes): Probes {
  const all = [...corners, insideOf(corners)];
  return {
    x: Float64Array.from(all, ({ x }) => x),
    y: Float64Array.from(all, ({ y }) => y),
    w: Float64Array.from(all, ({ w }) => w),
    rounding: Float64Array.from(all, (corner) => roundingAt(sizes, corner)),
  };
}

/** On which sides of the line the probes lie, by the rule of `sideOf`: ABOVE, BELOW, both, or 0 for neither. */
export function sidesOf({ x, y, w, rounding }: Probes, constant: number, slopeX: number, slopeY: number): number {
  let sides = 0;
  for (let p = 0; p < x.length; p++) {
    const [first, second, third] = [constant * w[p]!, slopeX * x[p]!, slopeY * y[p]!];
    const value = first + second + third;
    const blur = blurOf(first, second, third) + rounding[p]!;
    if (value > blur) sides |= ABOVE;
    else if (value < -blur) sides |= BELOW;
  }
  return sides;
}

/** Value of a function at the point inside. */
export function valueInside({ x, y }: Probes, constant: number, slopeX: number, slopeY: number): number {
  const p = x.length - 1;
  return constant + slopeX * x[p]! + slopeY * y[p]!;
}
