import type { Region2d } from '../sliceTypes';
import type { Corner } from './corner';
import { wholePlane } from './polygon';

/** All corners of a region in the order in which they follow each other, those at infinity included. */
export function outlineOf({ vertices, rays }: Pick<Region2d, 'vertices' | 'rays'>): readonly Corner[] {
  const points = corners(vertices, 1);
  const directions = corners(rays, 0);
  if (points.length === 0) return wholePlane().corners;
  const [first, second] = directions;
  // The whole plane has four rays, and a region loses none of them that points inside. So two at an obtuse angle mean a strip.
  if (directions.length !== 2 || first!.x * second!.x + first!.y * second!.y > -0.5) return [...points, ...directions];
  const across = points.map(({ x, y }) => first!.x * (y - points[0]!.y) - first!.y * (x - points[0]!.x));
  const middle = Math.max(...across) / 2;
  const onFirstLine = points.filter((_, i) => across[i]! < middle);
  const onSecondLine = points.filter((_, i) => across[i]! >= middle);
  return [...onFirstLine, first!, ...onSecondLine, second!];
}

function corners(flat: Float64Array, w: 0 | 1): Corner[] {
  return Array.from({ length: flat.length / 2 }, (_, i) => ({ x: flat[2 * i]!, y: flat[2 * i + 1]!, w, blur: 0 }));
}
