import type { KinkNode, MaxNode, SwitchNode } from '../types';
import { ABOVE, BELOW, type Line, type Sizes, sideOf, sidesOfCorners } from './line';
import { type DecidedPart, partition } from './partition';
import { insideOf, type Polygon } from './polygon';
import { type Probes, probesOf, sidesOf, valueInside } from './probes';
import { splitPolygon } from './splitPolygon';

/** What a node that decides reads: affine functions of the plane, three rows of constants, slopes in s, slopes in t. */
export interface Reading {
  readonly z: Float64Array;
  readonly sizes: Sizes;
}

const OPEN = -1;

/** Decides for every entry of a node that has one answer in the whole polygon, and lists the others. */
export function decideAll(node: SwitchNode, reading: Reading, polygon: Polygon, states: Int32Array): number[] {
  const probes = probesOf(polygon.corners, reading.sizes);
  const open: number[] = [];
  for (let entry = 0; entry < node.size; entry++) {
    const state =
      node.kind === 'kink' ? pieceIn(node, reading.z, probes, entry) : winnerIn(node, reading.z, probes, entry);
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
  return { constant: z[entry]! - threshold, x: z[size + entry]!, y: z[2 * size + entry]!, beside: sizes };
}

/** The piece on which an entry stays in the whole polygon, or OPEN. */
function pieceIn({ thresholds }: KinkNode, z: Float64Array, probes: Probes, entry: number): number {
  const size = z.length / 3;
  for (let piece = 0; piece < thresholds.length; piece++) {
    const sides = sidesOf(probes, z[entry]! - thresholds[piece]!, z[size + entry]!, z[2 * size + entry]!);
    if (sides === (ABOVE | BELOW)) return OPEN;
    if (sides !== ABOVE) return piece;
  }
  return thresholds.length;
}

/** The member of a group that is the largest in the whole polygon, or OPEN. */
function winnerIn({ starts, members }: MaxNode, z: Float64Array, probes: Probes, group: number): number {
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
    );
    if (sides & ABOVE) return OPEN;
  }
  return state;
}
