/**
 * A corner of a polygon in homogeneous coordinates: the point (x, y) where `w` is 1, and where `w` is 0 the point at
 * infinity in direction (x, y), which has length 1. Polygons that meet in a corner share the object.
 */
export interface Corner {
  readonly x: number;
  readonly y: number;
  readonly w: 0 | 1;
}

/** The point (x, y). */
export function pointAt(x: number, y: number): Corner {
  return { x, y, w: 1 };
}

/** The point at infinity in direction (x, y). */
export function directionOf(x: number, y: number): Corner {
  const length = Math.hypot(x, y);
  return { x: x / length, y: y / length, w: 0 };
}

/**
 * The corner between a and b where a linear function vanishes that has opposite signs there: `alpha` in a, `beta` in b.
 * It is the same, bit for bit, for (a, b) and (b, a).
 */
export function between(a: Corner, b: Corner, alpha: number, beta: number): Corner {
  const [toA, toB] = [Math.abs(beta), Math.abs(alpha)];
  const x = toA * a.x + toB * b.x;
  const y = toA * a.y + toB * b.y;
  const w = toA * a.w + toB * b.w;
  if (w === 0) return directionOf(x, y);
  // The edges of a box stay exactly where they are.
  const flat = a.w + b.w === 2;
  return pointAt(flat && a.x === b.x ? a.x : x / w, flat && a.y === b.y ? a.y : y / w);
}
