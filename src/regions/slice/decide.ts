import type { KinkNode, MaxNode, SwitchNode } from '../types';
import { type Contest, difference, type Labelled, lineOfLabel, type Winner, winners } from './clipRing';
import {
  ABOVE,
  BELOW,
  blurOf,
  type Corner,
  type EntrySizes,
  type Line,
  lesser,
  roundingOf,
  sideOf,
  sidesOfCorners,
  sizesBeside,
} from './line';
import { cross, type Edge, edgeBetween, insideOf, otherEnd, type Polygon, splitPolygon, uncutFrom } from './polygon';

/** What a node that decides reads: affine functions of the plane, three rows of constants, slopes in s, slopes in t. */
export interface Reading {
  readonly z: Float64Array;
  readonly sizes: EntrySizes;
}

const OPEN = -1;

/** What {@link decideAll} leaves to be split. */
interface Decided {
  /** Entries with more than one answer in the polygon. */
  readonly open: readonly number[];
  /** What they are to be split by. */
  readonly reading: Reading;
}

/**
 * Decides for every entry of a node that has one answer in the whole polygon, and lists the others.
 *
 * @param inPolygon - Sizes of what is added up in this polygon alone, asked for where `reading.sizes`, which hold in all
 * polygons, leave a side to rounding that would be clear without it: the polygon may hold nothing of those sizes.
 */
export function decideAll(
  node: SwitchNode,
  reading: Reading,
  polygon: Polygon,
  states: Int32Array,
  inPolygon: () => EntrySizes,
): Decided {
  const probes = probesOf(polygon.corners);
  const open = decideEach(node, reading, probes, states);
  if (!probes.doubtful) return { open, reading };
  const closer = { z: reading.z, sizes: lesser(reading.sizes, inPolygon()) };
  return { open: decideEach(node, closer, probes, states), reading: closer };
}

function decideEach(node: SwitchNode, reading: Reading, probes: Probes, states: Int32Array): number[] {
  const open: number[] = [];
  for (let entry = 0; entry < node.size; entry++) {
    const state = node.kind === 'kink' ? pieceIn(node, reading, probes, entry) : winnerIn(node, reading, probes, entry);
    if (state === OPEN) open.push(entry);
    else states[entry] = state;
  }
  return open;
}

/** Splits a polygon by what one entry of a node decides in it. */
export function splitByEntry(node: SwitchNode, reading: Reading, polygon: Polygon, entry: number): DecidedPart[] {
  if (node.kind === 'kink') return splitByPieces(node, reading, polygon, entry);
  const members = node.members.subarray(node.starts[entry]!, node.starts[entry + 1]!);
  return partition(polygon, { ...reading, members });
}

function splitByPieces({ thresholds }: KinkNode, reading: Reading, polygon: Polygon, entry: number): DecidedPart[] {
  const parts: DecidedPart[] = [];
  let rest = polygon;
  let state = 0;
  for (; state < thresholds.length; state++) {
    const line = lineOf(reading, entry, thresholds[state]!);
    const sides = sidesOfCorners(line, rest.corners);
    const split = sides === (ABOVE | BELOW) ? splitPolygon(rest, line) : undefined;
    if (split) {
      parts.push({ polygon: split.below, state });
      rest = split.above;
    } else if (sides !== ABOVE && sideOf(line, insideOf(rest.corners)) <= 0) break;
  }
  parts.push({ polygon: rest, state });
  return parts;
}

function lineOf({ z, sizes }: Reading, entry: number, threshold: number): Line {
  const size = z.length / 3;
  return {
    constant: z[entry]! - threshold,
    x: z[size + entry]!,
    y: z[2 * size + entry]!,
    beside: sizesBeside(sizes, entry),
  };
}

/** The piece on which an entry stays in the whole polygon, or OPEN. */
function pieceIn({ thresholds }: KinkNode, { z, sizes }: Reading, probes: Probes, entry: number): number {
  const size = z.length / 3;
  const [constant, slope] = [sizes[entry]!, sizes[size + entry]!];
  for (let piece = 0; piece < thresholds.length; piece++) {
    const sides = sidesOf(
      probes,
      z[entry]! - thresholds[piece]!,
      z[size + entry]!,
      z[2 * size + entry]!,
      constant,
      slope,
    );
    if (sides === (ABOVE | BELOW)) return OPEN;
    if (sides !== ABOVE) return piece;
  }
  return thresholds.length;
}

/** The member of a group that is the largest in the whole polygon, or OPEN. */
function winnerIn({ starts, members }: MaxNode, { z, sizes }: Reading, probes: Probes, group: number): number {
  const size = z.length / 3;
  const [first, end] = [starts[group]!, starts[group + 1]!];
  let winner = members[first]!;
  let state = 0;
  let best = valueInside(probes, z[winner]!, z[size + winner]!, z[2 * size + winner]!);
  for (let m = first + 1; m < end; m++) {
    const i = members[m]!;
    const value = valueInside(probes, z[i]!, z[size + i]!, z[2 * size + i]!);
    if (value <= best) continue;
    [winner, state, best] = [i, m - first, value];
  }
  for (let m = first; m < end; m++) {
    const i = members[m]!;
    const sides = sidesOf(
      probes,
      z[i]! - z[winner]!,
      z[size + i]! - z[size + winner]!,
      z[2 * size + i]! - z[2 * size + winner]!,
      Math.max(sizes[i]!, sizes[winner]!),
      Math.max(sizes[size + i]!, sizes[size + winner]!),
    );
    if (sides & ABOVE) return OPEN;
  }
  return state;
}

/** The corners of a polygon and, last, a point inside, laid out for testing many affine functions. */
interface Probes {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly w: Float64Array;
  /** What slopes are multiplied by at each, at the most. */
  readonly reach: Float64Array;
  /** How far each itself may have been moved by rounding, and by the lines that meet there: four numbers each. */
  readonly blur: Float64Array;
  readonly sway: Float64Array;
  /** Set once the rounding of a function alone has hidden the side on which one of them lies. */
  doubtful: boolean;
}

function probesOf(corners: readonly Corner[]): Probes {
  const count = corners.length + 1;
  const [x, y, w] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  const [reach, blur, sway] = [new Float64Array(count), new Float64Array(count), new Float64Array(4 * count)];
  const inside = insideOf(corners);
  for (let p = 0; p < count; p++) {
    const corner = corners[p] ?? inside;
    x[p] = corner.x;
    y[p] = corner.y;
    w[p] = corner.w;
    reach[p] = Math.abs(corner.x) + Math.abs(corner.y);
    blur[p] = corner.blur;
    const { ux, uy, vx, vy } = corner.sway;
    sway.set([ux, uy, vx, vy], 4 * p);
  }
  return { x, y, w, reach, blur, sway, doubtful: false };
}

/**
 * On which sides of the line the probes lie, by the rule of `sideOf`: ABOVE, BELOW, both, or 0 for neither. The last two are
 * sizes of the line.
 */
function sidesOf(
  probes: Probes,
  constant: number,
  slopeX: number,
  slopeY: number,
  constantSize: number,
  slopeSize: number,
): number {
  const { x, y, w, reach, blur, sway } = probes;
  const steepness = Math.abs(slopeX) + Math.abs(slopeY);
  let sides = 0;
  for (let p = 0; p < x.length; p++) {
    const first = constant * w[p]!;
    const second = slopeX * x[p]!;
    const third = slopeY * y[p]!;
    const value = first + second + third;
    const rounding = roundingOf(constantSize * w[p]! + slopeSize * reach[p]!);
    const moved =
      steepness * blur[p]! +
      Math.abs(slopeX * sway[4 * p]! + slopeY * sway[4 * p + 1]!) +
      Math.abs(slopeX * sway[4 * p + 2]! + slopeY * sway[4 * p + 3]!);
    const unsure = blurOf(first, second, third) + moved;
    if (value > unsure + rounding) sides |= ABOVE;
    else if (value < -unsure - rounding) sides |= BELOW;
    else if (Math.abs(value) > unsure) probes.doubtful = true;
  }
  return sides;
}

/** Value of a function at the point inside. */
function valueInside({ x, y }: Probes, constant: number, slopeX: number, slopeY: number): number {
  const p = x.length - 1;
  return constant + slopeX * x[p]! + slopeY * y[p]!;
}

/** A part of a polygon and what has been decided there: which of several functions is the largest, for example. */
interface DecidedPart {
  readonly polygon: Polygon;
  readonly state: number;
}

/** Parts a polygon by which of several affine functions is the largest; of equal ones the first. */
function partition(polygon: Polygon, contest: Contest): DecidedPart[] {
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
