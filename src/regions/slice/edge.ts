import { between, type Corner } from './corner';
import { type Line, sideOf, valueAt } from './line';

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
export interface Crossing {
  readonly at: Corner;
  readonly before: Edge[];
  readonly after: Edge[];
}

/** An edge between two corners, uncut. */
export function edgeBetween(a: Corner, b: Corner, middle?: Corner): Edge {
  return { a, b, middle };
}

/** The two parts of a cut edge, walked from `start`, which is one of its ends. */
export function partsFrom({ a, cut }: Edge, start: Corner): readonly [Edge, Edge] {
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
  const at = between(edge.a, edge.b, valueAt(line, edge.a), valueAt(line, edge.b));
  const { a, b, middle } = edge;
  edge.cut = { at, fromA: edgeBetween(a, at, middle), toB: edgeBetween(at, b, middle) };
  return edge.cut;
}
