import { atOnce, type Pausing } from '../core/pausing';
import { follow } from '../core/progress';
import { checkSlice } from './slice/checkSlice';
import { type Corner, directionOf } from './slice/line';
import { type Edge, insideOf, otherEnd, type Polygon, uncutFrom } from './slice/polygon';
import { subdivide } from './slice/subdivide';
import type { DirectionLimit, Plane2d, Region2d, RegionList, SliceOptions } from './sliceTypes';
import type { PiecewiseAffine } from './types';

/** Slopes of logits that differ by less than this share of what they are added up from count as equal. */
const EQUAL = 1e-13;

/**
 * All linear regions of a network that a plane meets, as exact polygons: the sets Q(x) of Section 2 of arXiv 1812.05720,
 * cut by the plane, with the affine map that the network is on each (Figure 1 of the paper).
 *
 * The plane is cut by the zero line of every unit of the first layer that crosses it, each part by the units of the next
 * layer that cross that part, and so on, never by a grid. A region is a set of points with the same decisions of all
 * hidden units and pooling windows: two neighbours may have the same affine map, and an
 * {@link activationPattern} at `pointOnPlane(plane, ...region.inside)` tells them apart. The regions cover the plane, or
 * the box, without overlaps: two neighbours share their edge and its corners, bit for bit.
 *
 * Lines that pass a corner closer than rounding can tell (1e-11 of the values that are compared, 1e-14 of what they are added
 * up from in the region, and what rounding may have moved the corner itself) pass through it. So parallel or coincident lines,
 * and many lines through one point, give no slivers.
 *
 * The cost per region is about that of the changes from one region to its neighbour, and never more than a few products
 * with the weight matrices. With `maxRegions` the regions found so far come back; each is complete.
 *
 * @param net - A network read by {@link toPiecewiseAffine}.
 * @param plane - `inputPlane` for a network with two inputs, or see {@link planeThrough}.
 * @returns The regions, and whether these are all.
 * @throws OverconfidenceError `INVALID_SHAPE` if the vectors of the plane do not fit the network, `NON_FINITE`,
 *   `INVALID_ARGUMENT` if they span no plane, `INVALID_OPTION` for an option out of range, `ABORTED`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { mlp } from 'relu-overconfidence/models';
 * import { inputPlane, sliceRegions, toPiecewiseAffine } from 'relu-overconfidence/regions';
 *
 * const net = toPiecewiseAffine(mlp({ inputShape: [2], hidden: [16, 16], classes: 3, seed: 1 }));
 * const regions = sliceRegions(net, inputPlane);
 * const unbounded = regions.filter((region) => region.unbounded);
 * console.log(regions.length, regions.complete); // number of regions, true
 * console.log(unbounded.map(({ confidenceAtInfinity }) => confidenceAtInfinity)); // [ 1, 1, ... ]
 * ```
 */
export function sliceRegions(net: PiecewiseAffine, plane: Plane2d, options: SliceOptions = {}): RegionList {
  const { work, regions } = slicing(net, plane, options);
  const complete = atOnce(work);
  return Object.assign(regions(), { complete });
}

/** A search for regions that pauses on its way. */
export interface Slicing {
  /** Finds them, and says whether these are all. */
  readonly work: Pausing<boolean>;
  /** Those that have been found by now. */
  readonly regions: () => Region2d[];
}

/** The search of {@link sliceRegions}. */
export function slicing(net: PiecewiseAffine, plane: Plane2d, options: SliceOptions): Slicing {
  const { vectors, whole, maxRegions } = checkSlice('sliceRegions', net, plane, options);
  const tell = follow('sliceRegions', options, Number.NaN);
  const found: { readonly polygon: Polygon; readonly logits: Float64Array; readonly errors: Float64Array }[] = [];
  const work = subdivide(net, vectors, whole, (polygon, logits, slopeSizes) => {
    const errors = slopeSizes().map((size) => EQUAL * size);
    found.push({ polygon, logits: logits.slice(), errors });
    tell(found.length, 'regions');
    return found.length < maxRegions;
  });
  // Only at the end, when neighbours have left all their corners on the edges.
  return { work, regions: () => found.map(({ polygon, logits, errors }) => toRegion(polygon, logits, errors)) };
}

/**
 * The number of linear regions of a network that a plane meets, as {@link sliceRegions} finds them, without keeping them.
 *
 * @param net - A network read by {@link toPiecewiseAffine}.
 * @param plane - `inputPlane` for a network with two inputs, or see {@link planeThrough}.
 * @returns The number of regions; `maxRegions` if there are at least so many.
 * @throws OverconfidenceError As {@link sliceRegions} does.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { mlp } from 'relu-overconfidence/models';
 * import { countRegions, inputPlane, toPiecewiseAffine } from 'relu-overconfidence/regions';
 *
 * const net = toPiecewiseAffine(mlp({ inputShape: [2], hidden: [16], classes: 3, seed: 1 }));
 * // Sixteen lines through the origin, as biases start from zero.
 * console.log(countRegions(net, inputPlane)); // 32
 * ```
 */
export function countRegions(net: PiecewiseAffine, plane: Plane2d, options: SliceOptions = {}): number {
  const { vectors, whole, maxRegions } = checkSlice('countRegions', net, plane, options);
  const tell = follow('countRegions', options, Number.NaN);
  let count = 0;
  const counting = subdivide(net, vectors, whole, () => {
    tell(++count, 'regions');
    return count < maxRegions;
  });
  atOnce(counting);
  return count;
}

/** The rays and limits of all bounded regions. */
const NO_RAYS = new Float64Array(0);
const NO_LIMITS: Region2d['limits'] = [];

/**
 * The region of a polygon, with logits given as three rows of constants, slopes in s and slopes in t, and for each logit how
 * far rounding may have moved its slopes: smaller ones count as zero.
 */
function toRegion(polygon: Polygon, logits: Float64Array, errors: Float64Array): Region2d {
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
