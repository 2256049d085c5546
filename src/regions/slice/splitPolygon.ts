import type { Corner } from './corner';
import { cross, type Edge, edgeBetween, otherEnd } from './edge';
import { footOn, type Line, sideOf } from './line';
import type { Polygon } from './polygon';

/** The two parts of a polygon on either side of a line. */
export interface Parts {
  /** Where the affine function is positive. */
  readonly above: Polygon;
  readonly below: Polygon;
}

/** Splits a polygon by a line, or returns undefined when nothing but border lies on one of its sides. */
export function splitPolygon(polygon: Polygon, line: Line): Parts | undefined {
  const sides = polygon.corners.map((corner) => sideOf(line, corner));
  if (!turns(sides)) return undefined;
  const ring = withCrossings(polygon, sides, line);
  const { up, down } = turns(ring.sides)!;
  const before = (i: number) => (i + ring.sides.length - 1) % ring.sides.length;
  const entry = before(up);
  let exit = before(down);
  while (ring.sides[before(exit)] === 0) exit = before(exit);
  const chord = chordBetween(ring.corners[exit]!, ring.corners[entry]!, line);
  return { above: arc(ring, entry, exit, chord), below: arc(ring, exit, entry, [...chord].reverse()) };
}

/**
 * Where, counter-clockwise, the first corner above follows corners below, and the other way round. Undefined without
 * such corners, and when rounding makes a convex polygon change sides more than twice.
 */
function turns(sides: readonly number[]): { readonly up: number; readonly down: number } | undefined {
  let [up, down, changes] = [-1, -1, 0];
  let last = sides.findLast((side) => side !== 0) ?? 0;
  for (const [i, side] of sides.entries()) {
    if (side === 0 || side === last) continue;
    if (side > 0) up = i;
    else down = i;
    last = side;
    changes++;
  }
  return changes === 2 ? { up, down } : undefined;
}

/** A polygon, and the side of a line on which each corner lies. */
interface Ring extends Polygon {
  readonly sides: readonly number[];
}

/** The polygon with a corner wherever the line crosses an edge. */
function withCrossings(polygon: Polygon, sides: readonly number[], line: Line): Ring {
  const corners: Corner[] = [];
  const edges: Edge[] = [];
  const sidesOfAll: number[] = [];
  /** Adds edges that follow each other; `first` is the side of `start`, `rest` that of the corners after it. */
  const add = (start: Corner, first: number, rest: number, path: readonly Edge[]) => {
    let corner = start;
    for (const edge of path) {
      corners.push(corner);
      edges.push(edge);
      sidesOfAll.push(corner === start ? first : rest);
      corner = otherEnd(edge, corner);
    }
  };
  for (let i = 0; i < sides.length; i++) {
    const [corner, edge] = [polygon.corners[i]!, polygon.edges[i]!];
    const [side, next] = [sides[i]!, sides[(i + 1) % sides.length]!];
    if (side * next >= 0) add(corner, side, side, [edge]);
    else {
      const { at, before, after } = cross(edge, corner, line);
      add(corner, side, side, before);
      add(at, 0, next, after);
    }
  }
  return { corners, edges, sides: sidesOfAll };
}

/** The line between two corners on it. One that is infinite on both sides gets a point in the middle. */
function chordBetween(from: Corner, to: Corner, line: Line): Edge[] {
  if (from.w + to.w > 0) return [edgeBetween(from, to)];
  const middle = footOn(line);
  return [edgeBetween(from, middle, middle), edgeBetween(middle, to, middle)];
}

/** The part of a ring from one corner to another, closed by the chord that leads back. */
function arc({ corners, edges }: Ring, from: number, to: number, chord: readonly Edge[]): Polygon {
  const part = { corners: [] as Corner[], edges: [] as Edge[] };
  for (let i = from; i !== to; i = (i + 1) % corners.length) {
    part.corners.push(corners[i]!);
    part.edges.push(edges[i]!);
  }
  let corner = corners[to]!;
  for (const edge of chord) {
    part.corners.push(corner);
    part.edges.push(edge);
    corner = otherEnd(edge, corner);
  }
  return part;
}
