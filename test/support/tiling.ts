import {
  activationPattern,
  type Box2d,
  clipRegion,
  type PiecewiseAffine,
  type Plane2d,
  pointOnPlane,
  type Region2d,
} from '../../src/regions/index';

/** Twice the signed area of the triangle (a, b, c). */
function turn(a: readonly number[], b: readonly number[], c: readonly number[]): number {
  return (b[0]! - a[0]!) * (c[1]! - a[1]!) - (b[1]! - a[1]!) * (c[0]! - a[0]!);
}

/** Area of a polygon `[x0, y0, x1, y1, ...]`, positive if it is counter-clockwise. */
export function areaOf(polygon: Float64Array): number {
  let sum = 0;
  for (let i = 2; i < polygon.length - 2; i += 2)
    sum += turn([...polygon.slice(0, 2)], [...polygon.slice(i, i + 2)], [...polygon.slice(i + 2, i + 4)]);
  return sum / 2;
}

/** Area of the regions inside a box. */
export function areaIn(regions: readonly Region2d[], box: Box2d): number {
  return regions.reduce((sum, region) => sum + areaOf(clipRegion(region, box)), 0);
}

/** Corners and directions of a region in their order, as [x, y, 1] or [x, y, 0]. */
function outline({ vertices, rays }: Region2d): number[][] {
  const rows = (flat: Float64Array, w: number) =>
    Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!, w]);
  const [points, directions] = [rows(vertices, 1), rows(rays, 0)];
  if (rays.length !== 4 || rays[0] !== -rays[2]!) return [...points, ...directions];
  // A strip: the corner after which the way along the first ray is left for the other line.
  const ray = [rays[0]!, rays[1]!];
  const leaves = points.findIndex((p, i) => {
    const next = points[(i + 1) % points.length]!;
    return Math.abs(turn(p, [p[0]! + ray[0]!, p[1]! + ray[1]!], next)) > 1e-9 * Math.hypot(...next);
  });
  return [...points.slice(0, leaves + 1), directions[0]!, ...points.slice(leaves + 1), directions[1]!];
}

/** How far inside the region a point lies: the least 3 x 3 determinant with an edge, negative outside. */
export function depthIn(region: Region2d, [x, y]: readonly [number, number]): number {
  const corners = outline(region);
  const depths = corners.map(([ax, ay, aw], i) => {
    const [bx, by, bw] = corners[(i + 1) % corners.length]!;
    return x * (ay! * bw! - aw! * by!) - y * (ax! * bw! - aw! * bx!) + (ax! * by! - ay! * bx!);
  });
  return Math.min(...depths);
}

/** Edges, in the direction of their region, that no single neighbour has in the other direction. */
export function unmatchedEdges(regions: readonly Region2d[]): number[][][] {
  const seen = new Map<string, number>();
  const edges = regions.flatMap((region) => {
    const corners = outline(region);
    return corners.map((corner, i) => [corner, corners[(i + 1) % corners.length]!]);
  });
  const finite = edges.filter(([a, b]) => a![2]! + b![2]! > 0);
  for (const edge of finite) seen.set(edge.join(';'), (seen.get(edge.join(';')) ?? 0) + 1);
  return finite.filter(([a, b]) => seen.get([b, a].join(';')) !== 1 || seen.get([a, b].join(';')) !== 1);
}

/** The decisions of a network at a point of a plane, as a text. */
export function patternAt(net: PiecewiseAffine, plane: Plane2d, [s, t]: readonly [number, number]): string {
  return activationPattern(net, pointOnPlane(plane, s, t))
    .flatMap((states) => (states ? [states.join('')] : []))
    .join(' ');
}

/** Logits of a region's affine map at a point of the plane. */
export function logitsOf({ slope, intercept }: Region2d, [s, t]: readonly [number, number]): Float64Array {
  return intercept.map((value, k) => value + slope[2 * k]! * s + slope[2 * k + 1]! * t);
}
