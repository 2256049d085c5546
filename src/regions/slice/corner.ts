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
export interface Valued {
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
export const EPSILON = 4 * Number.EPSILON;
