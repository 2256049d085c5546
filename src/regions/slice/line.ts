/**
 * A corner of a polygon in homogeneous coordinates: the point (x, y) where `w` is 1, and where `w` is 0 the point at
 * infinity in direction (x, y), which has length 1. Polygons that meet in a corner share the object.
 */
export interface Corner {
  readonly x: number;
  readonly y: number;
  readonly w: 0 | 1;
  /** How far the rounding of its own coordinates may have moved the point, in either of them. */
  readonly blur: number;
  /** How far errors in the lines that meet in it may have moved it, besides. */
  readonly sway: Sway;
}

/**
 * The two vectors along which a corner may have been moved, each by its length at the most, one for each line. Where nearly
 * parallel lines meet, both are long but run along the lines, so that the value of a third one like them is still known.
 */
interface Sway {
  readonly ux: number;
  readonly uy: number;
  readonly vx: number;
  readonly vy: number;
}

const NO_SWAY: Sway = { ux: 0, uy: 0, vx: 0, vy: 0 };

/** The point (x, y). */
export function pointAt(x: number, y: number, blur = 0, sway = NO_SWAY): Corner {
  return { x, y, w: 1, blur, sway };
}

/** The point at infinity in direction (x, y). */
export function directionOf(x: number, y: number): Corner {
  const length = Math.hypot(x, y);
  return { x: x / length, y: y / length, w: 0, blur: 0, sway: NO_SWAY };
}

/**
 * The corner between a and b where a linear function vanishes that has opposite signs there. It is the same, bit for bit,
 * for (a, b) and (b, a).
 */
export function between(a: Corner, b: Corner, line: Line): Corner {
  const [alpha, beta] = [valueAt(line, a), valueAt(line, b)];
  const [toA, toB] = [Math.abs(beta), Math.abs(alpha)];
  const w = toA * a.w + toB * b.w;
  if (w === 0) return directionOf(toA * a.x + toB * b.x, toA * a.y + toB * b.y);
  // The edges of a box stay exactly where they are.
  const flat = a.w + b.w === 2;
  const x = flat && a.x === b.x ? a.x : (toA * a.x + toB * b.x) / w;
  const y = flat && a.y === b.y ? a.y : (toA * a.y + toB * b.y) / w;
  const size = (toA * (Math.abs(a.x) + Math.abs(a.y)) + toB * (Math.abs(b.x) + Math.abs(b.y))) / w;
  // The edge from a to b as a direction, and how steeply the function falls along it.
  const edge = flat ? { x: b.x - a.x, y: b.y - a.y } : a.w === 0 ? a : b;
  const steepness = flat ? toA + toB : a.w === 0 ? toB : toA;
  // An error in the function moves the crossing along the edge, one in the edge moves it along the line.
  const inLine = (toA * errorAt(line, a) + toB * errorAt(line, b)) / w / steepness;
  const inEdge = (toA * acrossEdge(edge, a) + toB * acrossEdge(edge, b)) / w / steepness;
  const sway = { ux: edge.x * inLine, uy: edge.y * inLine, vx: line.y * inEdge, vy: line.x * -inEdge };
  return pointAt(x, y, EPSILON * size, sway);
}

/** How far the end of an edge may have been moved across it, times the length of the edge's direction. */
function acrossEdge(edge: { readonly x: number; readonly y: number }, end: Corner): number {
  return movedBy(edge.y, -edge.x, end);
}

/** How much the value of a function with these slopes may have been changed by what has moved a corner. */
function movedBy(x: number, y: number, { blur, sway }: Corner): number {
  const { ux, uy, vx, vy } = sway;
  return (Math.abs(x) + Math.abs(y)) * blur + Math.abs(x * ux + y * uy) + Math.abs(x * vx + y * vy);
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

/** Value of the function; at a point at infinity, its slope in that direction. */
function valueAt({ constant, x, y }: Line, corner: Corner): number {
  return constant * corner.w + x * corner.x + y * corner.y;
}

/** Rounding errors of the value of the function at the coordinates of a corner. */
function errorAt({ constant, x, y, beside }: Line, corner: Corner): number {
  const size = Math.abs(constant * corner.w) + Math.abs(x * corner.x) + Math.abs(y * corner.y);
  return EPSILON * size + roundingAt(beside, corner);
}

/** On which side of the line a corner lies: 1, -1, or 0 for a line that passes so close that rounding could decide. */
export function sideOf({ constant, x, y, beside }: Line, corner: Corner): -1 | 0 | 1 {
  const first = constant * corner.w;
  const second = x * corner.x;
  const third = y * corner.y;
  const value = first + second + third;
  const blur = blurOf(first, second, third) + movedBy(x, y, corner) + roundingAt(beside, corner);
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
export function footOn(line: Line): Corner {
  const { constant, x, y } = line;
  const steepness = x * x + y * y;
  const share = -constant / steepness;
  const foot = pointAt(share * x + 0, share * y + 0);
  const moved = errorAt(line, foot) / steepness;
  return pointAt(foot.x, foot.y, 0, { ...NO_SWAY, ux: moved * x, uy: moved * y });
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
  const sizes = new Float64Array(2 * size).fill(constant, 0, size).fill(slope, size);
  return { all: { constant, slope }, sizes: bounds ? lesser(sizes, bounds) : sizes };
}

/** The lesser of two sizes for every entry. The second ones may be no numbers: those that have overflowed bound nothing. */
export function lesser(sizes: EntrySizes, bounds: EntrySizes): EntrySizes {
  const least = sizes.slice();
  for (let i = 0; i < least.length; i++) if (bounds[i]! < least[i]!) least[i] = bounds[i]!;
  return least;
}
