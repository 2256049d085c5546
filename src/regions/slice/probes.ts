import type { Corner } from './corner';
import { ABOVE, BELOW, blurOf, roundingAt, type Sizes } from './line';
import { insideOf } from './polygon';

/** The corners of a polygon and, last, a point inside, laid out for testing many affine functions. */
export interface Probes {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly w: Float64Array;
  /** Size of rounding errors of a function at each. */
  readonly rounding: Float64Array;
  /** How far each itself may have been moved by rounding. */
  readonly blur: Float64Array;
}

/** The probes of a polygon, for functions of these sizes. */
export function probesOf(corners: readonly Corner[], sizes: Sizes): Probes {
  const count = corners.length + 1;
  const [x, y, w] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  const [rounding, blur] = [new Float64Array(count), new Float64Array(count)];
  const inside = insideOf(corners);
  for (let p = 0; p < count; p++) {
    const corner = corners[p] ?? inside;
    x[p] = corner.x;
    y[p] = corner.y;
    w[p] = corner.w;
    rounding[p] = roundingAt(sizes, corner);
    blur[p] = corner.blur;
  }
  return { x, y, w, rounding, blur };
}

/** On which sides of the line the probes lie, by the rule of `sideOf`: ABOVE, BELOW, both, or 0 for neither. */
export function sidesOf({ x, y, w, rounding, blur }: Probes, constant: number, slopeX: number, slopeY: number): number {
  const steepness = Math.abs(slopeX) + Math.abs(slopeY);
  let sides = 0;
  for (let p = 0; p < x.length; p++) {
    const first = constant * w[p]!;
    const second = slopeX * x[p]!;
    const third = slopeY * y[p]!;
    const value = first + second + third;
    const unsure = blurOf(first, second, third) + rounding[p]! + steepness * blur[p]!;
    if (value > unsure) sides |= ABOVE;
    else if (value < -unsure) sides |= BELOW;
  }
  return sides;
}

/** Value of a function at the point inside. */
export function valueInside({ x, y }: Probes, constant: number, slopeX: number, slopeY: number): number {
  const p = x.length - 1;
  return constant + slopeX * x[p]! + slopeY * y[p]!;
}
