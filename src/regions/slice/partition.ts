import { type Labelled, lineOfLabel } from './clipRing';
import type { Corner } from './corner';
import { cross, type Edge, edgeBetween, otherEnd, uncutFrom } from './edge';
import { sideOf } from './line';
import type { Polygon } from './polygon';
import { splitPolygon } from './splitPolygon';
import { type Contest, difference, type Winner, winners } from './winners';

/** A part of a polygon and what has been decided there: which of several functions is the largest, for example. */
export interface DecidedPart {
  readonly polygon: Polygon;
  readonly state: number;
}

/** Parts a polygon by which of several affine functions is the largest; of equal ones the first. */
export function partition(polygon: Polygon, contest: Contest): DecidedPart[] {
  const won = winners(polygon.corners, contest);
  if (won.length > 2) return shareOut(polygon, contest, won);
  const [first, second] = won;
  const parts = second && splitPolygon(polygon, difference(contest, first!.winner, second.winner));
  if (!parts) return [{ polygon, state: first!.winner }];
  return [
    { polygon: parts.above, state: first!.winner },
    { polygon: parts.below, state: second!.winner },
  ];
}

/** Three or more parts, which meet inside the polygon: gives them common corners and edges. */
function shareOut(polygon: Polygon, contest: Contest, won: readonly Winner[]): DecidedPart[] {
  const inner: Corner[] = [];
  const corners = won.map(({ winner, ring }) => {
    const lineTo = (label: number) => difference(contest, winner, lineOfLabel(label)!);
    return ring.map(({ corner, label }, i) => {
      const labelBefore = ring[(i + ring.length - 1) % ring.length]!.label;
      if (polygon.corners.includes(corner)) return corner;
      const edge = Math.max(label, labelBefore);
      const lines = [label, labelBefore].filter((l) => lineOfLabel(l) !== undefined).map(lineTo);
      if (lineOfLabel(edge) === undefined) return cross(polygon.edges[edge]!, polygon.corners[edge]!, lines[0]!).at;
      const known = inner.find((other) => lines.every((line) => sideOf(line, other) === 0));
      if (known === undefined) inner.push(corner);
      return known ?? corner;
    });
  });
  const made: Edge[] = [];
  return won.map(({ winner, ring }, part) => ({ state: winner, polygon: join(polygon, ring, corners[part]!, made) }));
}

/** The polygon with given corners, whose edges are parts of the outer polygon's edges or shared with other parts. */
function join(outer: Polygon, ring: readonly Labelled[], corners: readonly Corner[], made: Edge[]): Polygon {
  const joined = { corners: [] as Corner[], edges: [] as Edge[] };
  for (const [i, { label }] of ring.entries()) {
    const [from, to] = [corners[i]!, corners[(i + 1) % corners.length]!];
    let at = from;
    for (const edge of from === to ? [] : path(outer, label, from, to, made)) {
      joined.corners.push(at);
      joined.edges.push(edge);
      at = otherEnd(edge, at);
    }
  }
  return joined;
}

/** The edges that lead from one corner of a part to the next. */
function path(outer: Polygon, label: number, from: Corner, to: Corner, made: Edge[]): Edge[] {
  if (lineOfLabel(label) === undefined) {
    const edges = uncutFrom(outer.edges[label]!, outer.corners[label]!);
    let at = outer.corners[label]!;
    const starts = edges.map((edge) => {
      const start = at;
      at = otherEnd(edge, at);
      return start;
    });
    const end = starts.indexOf(to);
    return edges.slice(starts.indexOf(from), end < 0 ? edges.length : end);
  }
  const known = made.find(({ a, b }) => (a === from && b === to) || (a === to && b === from));
  if (known === undefined) made.push(edgeBetween(from, to));
  return [known ?? made.at(-1)!];
}
