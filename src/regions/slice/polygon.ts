import type { Box2d } from '../sliceTypes';
import { type Corner, directionOf, pointAt } from './corner';
import { type Edge, edgeBetween } from './edge';

/** A convex polygon, perhaps unbounded: corners counter-clockwise, edge i from corner i to the next. */
export interface Polygon {
  readonly corners: readonly Corner[];
  readonly edges: readonly Edge[];
}

/** The whole plane: four points at infinity. */
export function wholePlane(): Polygon {
  return closed([directionOf(1, 0), directionOf(0, 1), directionOf(-1, 0), directionOf(0, -1)]);
}

/** A rectangle. */
export function rectangle({ x, y }: Box2d): Polygon {
  return closed([pointAt(x[0], y[0]), pointAt(x[1], y[0]), pointAt(x[1], y[1]), pointAt(x[0], y[1])]);
}

function closed(corners: readonly Corner[]): Polygon {
  return { corners, edges: corners.map((corner, i) => edgeBetween(corner, corners[(i + 1) % corners.length]!)) };
}

/** A point inside: the mean of the points among the corners, moved on by the sum of the directions. */
export function insideOf(corners: readonly Corner[]): Corner {
  let x = 0;
  let y = 0;
  let points = 0;
  let dx = 0;
  let dy = 0;
  for (const corner of corners)
    if (corner.w === 1) {
      x += corner.x;
      y += corner.y;
      points++;
    } else {
      dx += corner.x;
      dy += corner.y;
    }
  return pointAt(x / Math.max(points, 1) + dx, y / Math.max(points, 1) + dy);
}
