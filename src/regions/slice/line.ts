/**
 * A corner of a polygon in homogeneous coordinates: the point (x, y) where `w` is 1, and where `w` is 0 the point at
 * infinity in direction (x, y), which has length 1. Polygons that meet in a corner share the object.
 */
export interface Corner {
  readonly x: number;
  readonly y: number;
  readonly w: 0 | 1;
  /** How far rounding may have moved the point, in either coordinate. */
  readonly blur: number;
}

/** The point (x, y). */
export function pointAt(x: number, y: number, blur = 0): Corner {
  return { x, y, w: 1, blur };
}

/** The point at infinity in direction (x, y). */
export function directionOf(x: number, y: number): Corner {
  const length = Math.hypot(x, y);
  return { x: x / length, y: y / length, w: 0, blur: 0 };
}

/** A value of a function at a corner, and how far rounding may have moved it. */
interface Valued {
  readonly value: number;
  readonly error: number;
}

/**
 * The corner between a and b where a linear function vanishes that has opposite signs there: `alpha` in a, `beta` in b.
 * It is the same, bit for bit, for (a, b) and (b, a).
 */
export function between(a: Corner, b: Corner, alpha: Valued, beta: Valued): Corner {
  const [toA, toB] = [Math.abs(beta.value), Math.abs(alpha.value)];
  const w = toA * a.w + toB * b.w;
  if (w === 0) return directionOf(toA * a.x + toB * b.x, toA * a.y + toB * b.y);
  // The edges of a box stay exactly where they are.
  const flat = a.w + b.w === 2;
  const x = flat && a.x === b.x ? a.x : (toA * a.x + toB * b.x) / w;
  const y = flat && a.y === b.y ? a.y : (toA * a.y + toB * b.y) / w;
  // How far an error in a value moves the crossing along the edge.
  const along = (end: Corner) => Math.max(Math.abs(end.x - x * end.w), Math.abs(end.y - y * end.w)) / w;
  const size = (toA * (Math.abs(a.x) + Math.abs(a.y)) + toB * (Math.abs(b.x) + Math.abs(b.y))) / w;
  const moved = along(b) * alpha.error + along(a) * beta.error;
  return pointAt(x, y, Math.max(a.blur, b.blur) + EPSILON * size + moved);
}

/** Rounding of a few operations, as a share of their sizes. */
const EPSILON = 4 * Number.EPSILON;

/** Zeros of an affine function are blurred by this share of the sizes of its terms. */
const TOLERANCE = 1e-11;
/** What rounding leaves of a value that should be zero, as a share of the sizes of what was added up to it. */
const ROUNDING = 1e-14;

/** Set where a function is positive at one corner at least. */
export const ABOVE = 1;
/** Set where a function is negative at one corner at least. */
export const BELOW = 2;

/** Sizes of what is added up to the constant and the slopes of an affine function: its rounding errors are judged by them. */
export interface Sizes {
  readonly constant: number;
  readonly slope: number;
}

/** Nothing beside a function whose terms are exact. */
export const NOTHING: Sizes = { constant: 0, slope: 0 };

/** The affine function `constant + x * s + y * t` of the plane, or the line where it vanishes. */
export interface Line {
  readonly constant: number;
  readonly x: number;
  readonly y: number;
  readonly beside: Sizes;
}

/** Value of the function, with its rounding; at a point at infinity, its slope in that direction. */
export function valueAt({ constant, x, y, beside }: Line, corner: Corner): Valued {
  const [first, second, third] = [constant * corner.w, x * corner.x, y * corner.y];
  const size = Math.abs(first) + Math.abs(second) + Math.abs(third);
  return {
    value: first + second + third,
    error: EPSILON * size + roundingAt(beside, corner) + (Math.abs(x) + Math.abs(y)) * corner.blur,
  };
}

/** On which side of the line a corner lies: 1, -1, or 0 for a line that passes so close that rounding could decide. */
export function sideOf({ constant, x, y, beside }: Line, corner: Corner): -1 | 0 | 1 {
  const first = constant * corner.w;
  const second = x * corner.x;
  const third = y * corner.y;
  const value = first + second + third;
  const blur = blurOf(first, second, third) + roundingAt(beside, corner) + (Math.abs(x) + Math.abs(y)) * corner.blur;
  return value > blur ? 1 : value < -blur ? -1 : 0;
}

/** On which sides of the line the corners lie: ABOVE, BELOW, both, or 0 when all lie on it. */
export function sidesOfCorners(line: Line, corners: readonly Corner[]): number {
  let sides = 0;
  for (let i = 0; i < corners.length; i++) {
    const side = sideOf(line, corners[i]!);
    if (side > 0) sides |= ABOVE;
    else if (side < 0) sides |= BELOW;
  }
  return sides;
}

/** How far from zero the sum of three terms must be to count as positive or negative. */
export function blurOf(first: number, second: number, third: number): number {
  return TOLERANCE * (Math.abs(first) + Math.abs(second) + Math.abs(third));
}

/** Size of rounding errors at a corner. */
function roundingAt({ constant, slope }: Sizes, { x, y, w }: Corner): number {
  return roundingOf(constant * w + slope * (Math.abs(x) + Math.abs(y)));
}

/** Rounding errors of something of this size. */
export function roundingOf(size: number): number {
  return ROUNDING * size;
}

/** The point of a line that is nearest to the origin. */
export function footOn({ constant, x, y }: Line): Corner {
  const share = -constant / (x * x + y * y);
  return pointAt(share * x + 0, share * y + 0);
}

/** Sizes for each of the affine functions in a `z`: a row for the constants, a row for the slopes. */
export type EntrySizes = Float64Array;

/** The sizes that two functions, perhaps the same, have together. */
export function sizesBeside(sizes: EntrySizes, i: number, j = i): Sizes {
  const size = sizes.length / 2;
  return { constant: Math.max(sizes[i]!, sizes[j]!), slope: Math.max(sizes[size + i]!, sizes[size + j]!) };
}

/**
 * Sizes of the affine functions in `z`, three rows of constants, slopes in s and slopes in t: for each the largest constant
 * and slope among all of them and those that were in the same place `before`, which may have left rounding errors of their
 * size, unless `bounds`, the most that is added up to the function itself, say less.
 */
export function sizesOf(z: Float64Array, before?: Sizes, bounds?: EntrySizes): { all: Sizes; sizes: EntrySizes } {
  const size = z.length / 3;
  let { constant, slope } = before ?? NOTHING;
  for (let i = 0; i < size; i++) constant = Math.max(constant, Math.abs(z[i]!));
  for (let i = size; i < z.length; i++) slope = Math.max(slope, Math.abs(z[i]!));
  const sizes = new Float64Array(2 * size);
  // Bounds that have overflowed may be no numbers.
  for (let i = 0; i < sizes.length; i++) {
    const all = i < size ? constant : slope;
    sizes[i] = bounds && bounds[i]! < all ? bounds[i]! : all;
  }
  return { all: { constant, slope }, sizes };
}
