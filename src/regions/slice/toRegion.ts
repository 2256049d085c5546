import type { Region2d } from '../sliceTypes';
import type { Corner } from './corner';
import { type Edge, otherEnd, uncutFrom } from './edge';
import { limitsOf } from './limitsOf';
import { insideOf, type Polygon } from './polygon';

/** The rays and limits of all bounded regions. */
const NO_RAYS = new Float64Array(0);
const NO_LIMITS: Region2d['limits'] = [];

/**
 * The region of a polygon, with logits given as three rows of constants, slopes in s and slopes in t, and for each logit how
 * far rounding may have moved its slopes: smaller ones count as zero.
 */
export function toRegion(polygon: Polygon, logits: Float64Array, errors: Float64Array): Region2d {
  const corners = allCorners(polygon);
  const unbounded = corners.some(({ w }) => w === 0);
  const inside = insideOf(corners);
  const classes = logits.length / 3;
  const slope = new Float64Array(2 * classes);
  let best = 0;
  let most = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < classes; k++) {
    slope[2 * k] = withoutNoise(logits[classes + k]!, errors[k]!);
    slope[2 * k + 1] = withoutNoise(logits[2 * classes + k]!, errors[k]!);
    const there = logitAt(logits, k, inside);
    if (there <= most) continue;
    best = k;
    most = there;
  }
  const limits = unbounded ? limitsOf(corners, { slope, logits: logitsAt(logits, inside), errors }) : NO_LIMITS;
  return {
    vertices: coordinates(corners, 1),
    rays: unbounded ? coordinates(corners, 0) : NO_RAYS,
    unbounded,
    inside: [inside.x, inside.y],
    slope,
    intercept: logits.slice(0, classes),
    class: best,
    limits,
    confidenceAtInfinity: unbounded ? Math.min(...limits.map(({ confidence }) => confidence)) : undefined,
  };
}

function withoutNoise(value: number, error: number): number {
  return Math.abs(value) <= error ? 0 : value;
}

function logitAt(logits: Float64Array, k: number, { x, y }: Corner): number {
  const classes = logits.length / 3;
  return logits[k]! + logits[classes + k]! * x + logits[2 * classes + k]! * y;
}

function logitsAt(logits: Float64Array, point: Corner): Float64Array {
  return Float64Array.from({ length: logits.length / 3 }, (_, k) => logitAt(logits, k, point));
}

/**
 * The corners of a polygon and those that its neighbours have on its edges. Where there are points and directions, a point
 * comes first and a direction last.
 */
function allCorners({ corners, edges }: Polygon): Corner[] {
  const all: Corner[] = [];
  const parts: Edge[] = [];
  for (let i = 0; i < edges.length; i++) {
    let at = corners[i]!;
    for (const part of edges[i]!.cut ? uncutFrom(edges[i]!, at) : [edges[i]!]) {
      all.push(at);
      parts.push(part);
      at = otherEnd(part, at);
    }
  }
  const kept = all.filter((corner, i) => !isIdle(corner, parts.at(i - 1)!, parts[i]!));
  const first = kept.findIndex(({ w }, i) => w === 1 && kept.at(i - 1)!.w === 0);
  return first > 0 ? [...kept.slice(first), ...kept.slice(0, first)] : kept;
}

/** Whether a corner is the middle of a line that has got other corners since. */
function isIdle(corner: Corner, before: Edge, after: Edge): boolean {
  const isMiddle = corner === before.middle && corner === after.middle;
  return isMiddle && otherEnd(before, corner).w + otherEnd(after, corner).w > 0;
}

/** Coordinates of the points (w = 1) or directions (w = 0) among corners. */
function coordinates(corners: readonly Corner[], w: 0 | 1): Float64Array {
  let count = 0;
  for (const corner of corners) if (corner.w === w) count++;
  const flat = new Float64Array(2 * count);
  let at = 0;
  for (const corner of corners) {
    if (corner.w !== w) continue;
    flat[at++] = corner.x;
    flat[at++] = corner.y;
  }
  return flat;
}
