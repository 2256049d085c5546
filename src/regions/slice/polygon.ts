import type { Box2d } from '../sliceTypes';
import { between, type Corner, directionOf, footOn, type Line, pointAt, sideOf } from './line';

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

/**
 * A side of polygons, shared by the two that lie on either side of it. Where one of them has cut it, `cut` holds the
 * corner made there and the two parts, so that the other finds the same corner, bit for bit.
 */
export interface Edge {
  readonly a: Corner;
  readonly b: Corner;
  /** For parts of an edge that is infinite on both sides: the point that was put in its middle. */
  readonly middle: Corner | undefined;
  cut?: { readonly at: Corner; readonly fromA: Edge; readonly toB: Edge };
}

/** Where a line crosses an edge, and what lies before and after. */
interface Crossing {
  readonly at: Corner;
  readonly before: Edge[];
  readonly after: Edge[];
}

/** An edge between two corners, uncut. */
export function edgeBetween(a: Corner, b: Corner, middle?: Corner): Edge {
  return { a, b, middle };
}

/** The two parts of a cut edge, walked from `start`, which is one of its ends. */
function partsFrom({ a, cut }: Edge, start: Corner): readonly [Edge, Edge] {
  return start === a ? [cut!.fromA, cut!.toB] : [cut!.toB, cut!.fromA];
}

/** The uncut edges that make up an edge, walked from `start`. */
export function uncutFrom(edge: Edge, start: Corner): Edge[] {
  if (!edge.cut) return [edge];
  const [first, second] = partsFrom(edge, start);
  return [...uncutFrom(first, start), ...uncutFrom(second, edge.cut.at)];
}

/** The other end of an edge. */
export function otherEnd({ a, b }: Edge, end: Corner): Corner {
  return end === a ? b : a;
}

/** Crosses an edge, walked from `start`, by a line that parts its ends; a corner that is already there is found again. */
export function cross(edge: Edge, start: Corner, line: Line): Crossing {
  const before: Edge[] = [];
  const after: Edge[] = [];
  const side = sideOf(line, start);
  let [rest, from] = [edge, start];
  for (;;) {
    const found = rest.cut !== undefined;
    const { at } = rest.cut ?? cutAt(rest, line);
    const [first, second] = partsFrom(rest, from);
    const sideOfCut = found ? sideOf(line, at) : 0;
    if (sideOfCut === 0) return { at, before: [...before, first], after: [second, ...after] };
    if (sideOfCut === side) {
      before.push(first);
      [rest, from] = [second, at];
    } else {
      after.unshift(second);
      rest = first;
    }
  }
}

function cutAt(edge: Edge, line: Line): NonNullable<Edge['cut']> {
  const at = between(edge.a, edge.b, line);
  const { a, b, middle } = edge;
  edge.cut = { at, fromA: edgeBetween(a, at, middle), toB: edgeBetween(at, b, middle) };
  return edge.cut;
}

/** The two parts of a polygon on either side of a line. */
interface Parts {
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
