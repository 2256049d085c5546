import type { DirectionLimit, Region2d } from '../sliceTypes';
import { type Corner, directionOf } from './line';
import { type Edge, insideOf, otherEnd, type Polygon, uncutFrom } from './polygon';

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

/** Logits of a region, and how fast they grow. */
interface Growth {
  /** Slopes in s and t, K x 2. */
  readonly slope: Float64Array;
  /** Logits at a point inside the region. */
  readonly logits: Float64Array;
  /** How far rounding may have moved the slopes of each: those that differ by no more count as equal. */
  readonly errors: Float64Array;
}

/** Limits of the confidence in all directions in which a region is infinite. */
function limitsOf(corners: readonly Corner[], growth: Growth): DirectionLimit[] {
  const limits: DirectionLimit[] = [];
  for (const [i, from] of corners.entries()) {
    if (from.w === 1) continue;
    const before = corners[(i + corners.length - 1) % corners.length]!;
    const next = corners[(i + 1) % corners.length]!;
    const more =
      next.w === 0 ? limitsBetween(from, next, growth) : before.w === 1 ? limitsBetween(from, from, growth) : [];
    for (const limit of more) addLimit(limits, limit);
  }
  return limits;
}

/** Adds a range of directions, or prolongs the last one when it has the same classes. */
function addLimit(limits: DirectionLimit[], limit: DirectionLimit): void {
  const last = limits.at(-1);
  const goesOn = last && last.to[0] === limit.from[0] && last.to[1] === limit.from[1];
  if (goesOn && last.classes.join() === limit.classes.join()) limits[limits.length - 1] = { ...last, to: limit.to };
  else limits.push(limit);
}

/** Limits in the directions from a to b, which are less than a half turn apart: the fastest class, then the next one. */
function limitsBetween(a: Corner, b: Corner, { slope, logits, errors }: Growth): DirectionLimit[] {
  const atA = Array.from(logits, (_, k) => slope[2 * k]! * a.x + slope[2 * k + 1]! * a.y);
  const atB = Array.from(logits, (_, k) => slope[2 * k]! * b.x + slope[2 * k + 1]! * b.y);
  const classes = [...logits.keys()];
  const limits: DirectionLimit[] = [];
  const equal = (j: number, k: number) => errors[j]! + errors[k]!;
  const first = atA.indexOf(Math.max(...atA));
  let fastest = classes
    .filter((k) => atA[k]! >= atA[first]! - equal(k, first))
    .reduce((best, k) => (atB[k]! > atB[best]! + equal(k, best) ? k : best), first);
  let from = a;
  for (;;) {
    const [lead, pace] = [fastest, { a: atA[fastest]!, b: atB[fastest]! }];
    const tied = classes.filter(
      (k) => Math.abs(atA[k]! - pace.a) <= equal(k, lead) && Math.abs(atB[k]! - pace.b) <= equal(k, lead),
    );
    // In direction (1 - share) a + share b, class k has caught up with the fastest one.
    let share = 1;
    for (const k of classes) {
      if (!(atB[k]! > pace.b + equal(k, lead))) continue;
      const [behind, gain] = [Math.max(pace.a - atA[k]!, 0), atB[k]! - pace.b];
      const at = behind / (behind + gain);
      if (at > share || (at === share && !(atB[k]! > atB[fastest]!))) continue;
      share = at;
      fastest = k;
    }
    const to = fastest === lead ? b : directionOf((1 - share) * a.x + share * b.x, (1 - share) * a.y + share * b.y);
    limits.push({ from: [from.x, from.y], to: [to.x, to.y], ...confidenceOf(tied, logits) });
    if (fastest === lead) return limits;
    from = to;
  }
}

/** The softmax among tied classes, which keep their distances on the way to infinity while all others fall behind. */
function confidenceOf(tied: readonly number[], logits: Float64Array): { classes: number[]; confidence: number } {
  const classes = [...tied].sort((j, k) => logits[k]! - logits[j]!);
  const sum = classes.reduce((total, k) => total + Math.exp(logits[k]! - logits[classes[0]!]!), 0);
  return { classes, confidence: 1 / sum };
}
