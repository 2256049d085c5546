import type { Region2d } from '../sliceTypes';
import {
  between,
  type Corner,
  directionOf,
  type EntrySizes,
  footOn,
  type Line,
  pointAt,
  sideOf,
  sizesBeside,
} from './line';
import { insideOf, wholePlane } from './polygon';

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
  const corner = w === 1 ? pointAt : directionOf;
  return Array.from({ length: flat.length / 2 }, (_, i) => corner(flat[2 * i]!, flat[2 * i + 1]!));
}

/**
 * One corner of a polygon that is only looked at, not shared with neighbours, and the label of the edge after it: the
 * number of an edge of the polygon it was cut from, or `labelOfLine` of a line that cut it.
 */
export interface Labelled {
  readonly corner: Corner;
  readonly label: number;
}

/** The label of the edges along line number `line`. */
function labelOfLine(line: number): number {
  return -1 - line;
}

/** The number of the line along which an edge runs, or undefined for an edge of the polygon itself. */
export function lineOfLabel(label: number): number | undefined {
  return label < 0 ? -1 - label : undefined;
}

/** The corners of a polygon, its edges labelled by their numbers. */
export function labelled(corners: readonly Corner[]): Labelled[] {
  return corners.map((corner, label) => ({ corner, label }));
}

/** The part of a polygon on the side of a line where the function is not negative; empty without any inside. */
export function clipRing(ring: readonly Labelled[], line: Line, label: number): readonly Labelled[] {
  const sides = ring.map(({ corner }) => sideOf(line, corner));
  if (!sides.includes(-1)) return ring;
  if (!sides.includes(1)) return [];
  const clipped: Labelled[] = [];
  for (let i = 0; i < ring.length; i++) {
    const [{ corner, label: own }, { corner: next }] = [ring[i]!, ring[(i + 1) % ring.length]!];
    const [side, nextSide] = [sides[i]!, sides[(i + 1) % ring.length]!];
    if (side >= 0) clipped.push({ corner, label: side === 0 && nextSide < 0 ? label : own });
    if (side * nextSide < 0) {
      const at = between(corner, next, line);
      clipped.push({ corner: at, label: side > 0 ? label : own });
    }
  }
  return withMiddle(clipped, line, label);
}

/** An edge along a line that is infinite on both sides gets a point in the middle. */
function withMiddle(ring: Labelled[], line: Line, label: number): Labelled[] {
  const i = ring.findIndex(
    (entry, k) => entry.label === label && entry.corner.w + ring[(k + 1) % ring.length]!.corner.w === 0,
  );
  if (i >= 0) ring.splice(i + 1, 0, { corner: footOn(line), label });
  return ring;
}

/** Affine functions of the plane that compete: entry `members[m]` of the rows constant, slope in s, slope in t of `z`. */
export interface Contest {
  readonly z: Float64Array;
  readonly members: ArrayLike<number>;
  readonly sizes: EntrySizes;
}

/** Function a minus function b. */
export function difference({ z, members, sizes }: Contest, a: number, b: number): Line {
  const size = z.length / 3;
  const [i, j] = [members[a]!, members[b]!];
  return {
    constant: z[i]! - z[j]!,
    x: z[size + i]! - z[size + j]!,
    y: z[2 * size + i]! - z[2 * size + j]!,
    beside: sizesBeside(sizes, i, j),
  };
}

/** The part of a polygon where one function is the largest; labels of lines are numbers of the functions beyond them. */
export interface Winner {
  readonly winner: number;
  readonly ring: readonly Labelled[];
}

/** The parts of a polygon where each function is the largest, by the functions' order; of equal ones the first wins. */
export function winners(corners: readonly Corner[], contest: Contest): Winner[] {
  const count = contest.members.length;
  const probes = [...corners, insideOf(corners)];
  const alive = Array.from({ length: count }, (_, m) => m).filter((m) => !isBeaten(probes, contest, m));
  return alive.flatMap((winner) => {
    let ring: readonly Labelled[] = labelled(corners);
    for (const other of alive)
      if (other !== winner && ring.length > 0)
        ring = clipRing(ring, difference(contest, winner, other), labelOfLine(other));
    return ring.length > 0 ? [{ winner, ring }] : [];
  });
}

/** Whether another function is at least as large in the whole polygon; of equal ones the later is beaten. */
function isBeaten(probes: readonly Corner[], contest: Contest, m: number): boolean {
  for (let other = 0; other < contest.members.length; other++) {
    if (other === m) continue;
    const line = difference(contest, other, m);
    const sides = probes.map((corner) => sideOf(line, corner));
    if (!sides.includes(-1) && (other < m || sides.includes(1))) return true;
  }
  return false;
}
