import type { Region2d } from '../sliceTypes';
import type { Corner } from './corner';
import { otherEnd, uncutFrom } from './edge';
import { limitsOf } from './limitsOf';
import { insideOf, type Polygon } from './polygon';

/** The rays and limits of all bounded regions. */
const NO_RAYS = new Float64Array(0);
const NO_LIMITS: Region2d['limits'] = [];

/** The region of a polygon, with logits given as three rows of constants, slopes in s and slopes in t. */
export function toRegion(polygon: Polygon, logits: Float64Array): Region2d {
  const corners = allCorners(polygon);
  const unbounded = corners.some(({ w }) => w === 0);
  const inside = insideOf(corners);
  const classes = logits.length / 3;
  const slope = new Float64Array(2 * classes);
  let best = 0;
  let most = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < classes; k++) {
    slope[2 * k] = logits[classes + k]!;
    slope[2 * k + 1] = logits[2 * classes + k]!;
    const there = logitAt(logits, k, inside);
    if (there <= most) continue;
    best = k;
    most = there;
  }
  const limits = unbounded ? limitsOf(corners, { slope, logits: logitsAt(logits, inside) }) : NO_LIMITS;
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
  for (let i = 0; i < edges.length; i++) {
    let at = corners[i]!;
    all.push(at);
    if (edges[i]!.cut === undefined) continue;
    for (const part of uncutFrom(edges[i]!, at).slice(0, -1)) {
      at = otherEnd(part, at);
      all.push(at);
    }
  }
  const first = all.findIndex(({ w }, i) => w === 1 && all[(i + all.length - 1) % all.length]!.w === 0);
  return first > 0 ? [...all.slice(first), ...all.slice(0, first)] : all;
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
