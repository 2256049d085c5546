import type { Pausing } from '../../core/pausing';
import { inputPlane } from '../../regions/planes';
import { slicing } from '../../regions/sliceRegions';
import type { PiecewiseAffine } from '../../regions/types';
import type { Interval } from '../bounds/interval';

/**
 * The largest confidence of a network with two inputs over a box, region by region; it is attained, and exact up to 1e-12
 * of its log-odds.
 */
export function* exactMaxConfidence(net: PiecewiseAffine, { lower, upper }: Interval): Pausing<number> {
  const box = { x: [lower[0]!, upper[0]!], y: [lower[1]!, upper[1]!] } as const;
  let best = Number.NEGATIVE_INFINITY;
  const { work, regions } = slicing(net, inputPlane, { box });
  yield* work;
  for (const region of regions())
    for (let k = 0; k < net.classes; k++) best = Math.max(best, maxOverPolygon(region.vertices, region, k, best));
  return 1 / (1 + Math.exp(-best));
}

/** Values and slopes of the logits at a point of the plane: the logits are affine. */
interface AffineLogits {
  /** Slopes in s and t, K x 2. */
  readonly slope: Float64Array;
  /** Values at s = t = 0. */
  readonly intercept: Float64Array;
}

/** A point of the plane. */
type Point = readonly [number, number];

/** The log-odds of a class at a point, and their gradient. */
interface LogOdds {
  readonly value: number;
  readonly gradient: Point;
}

/** Log-odds nearer than this are equal. */
const PRECISION = 1e-12;

/** Each cut leaves at most 1 - 1/e of the area, so that this is far more than float64 can tell apart. */
const MOST_CUTS = 300;

/**
 * The largest log-odds `z_k - log sum_{j != k} exp z_j` of class k over a convex polygon, up to 1e-12, or something below
 * `floor` if it is not above it.
 *
 * Log-odds of affine logits are concave. So at any point c, the maximum lies where the gradient at c does not point away from: the
 * polygon is cut through its centroid again and again (method of centres of gravity), until a tangent plane shows that what
 * is left cannot hold more.
 */
function maxOverPolygon(corners: Float64Array, logits: AffineLogits, k: number, floor: number): number {
  let polygon = pointsOf(corners);
  let best = polygon.reduce(
    (most, point) => Math.max(most, logOddsAt(logits, k, point).value),
    Number.NEGATIVE_INFINITY,
  );
  for (let cut = 0; cut < MOST_CUTS; cut++) {
    const centre = centroid(polygon);
    if (centre === undefined) break;
    const { value, gradient } = logOddsAt(logits, k, centre);
    best = Math.max(best, value);
    const along = ([s, t]: Point) => gradient[0] * (s - centre[0]) + gradient[1] * (t - centre[1]);
    const most = value + polygon.reduce((reach, point) => Math.max(reach, along(point)), 0);
    if (most <= Math.max(best, floor) + PRECISION) break;
    polygon = cutOff(polygon, along);
  }
  return best;
}

function pointsOf(corners: Float64Array): Point[] {
  return Array.from({ length: corners.length / 2 }, (_, i) => [corners[2 * i]!, corners[2 * i + 1]!]);
}

function logOddsAt({ slope, intercept }: AffineLogits, k: number, [s, t]: Point): LogOdds {
  const z = intercept.map((value, j) => value + slope[2 * j]! * s + slope[2 * j + 1]! * t);
  const others = z.reduce((most, value, j) => (j === k ? most : Math.max(most, value)), Number.NEGATIVE_INFINITY);
  const weights = z.map((value, j) => (j === k ? 0 : Math.exp(value - others)));
  const sum = weights.reduce((a, b) => a + b, 0);
  const mean = (axis: number) => weights.reduce((total, w, j) => total + (w / sum) * slope[2 * j + axis]!, 0);
  return {
    value: z[k]! - others - Math.log(sum),
    gradient: [slope[2 * k]! - mean(0), slope[2 * k + 1]! - mean(1)],
  };
}

/** The centroid, or undefined for a polygon without area. */
function centroid(polygon: readonly Point[]): Point | undefined {
  const [first] = polygon;
  if (first === undefined) return undefined;
  let [area, s, t] = [0, 0, 0];
  for (let i = 1; i + 1 < polygon.length; i++) {
    const [[s1, t1], [s2, t2]] = [polygon[i]!, polygon[i + 1]!];
    const part = (s1 - first[0]) * (t2 - first[1]) - (s2 - first[0]) * (t1 - first[1]);
    area += part;
    s += (part * (first[0] + s1 + s2)) / 3;
    t += (part * (first[1] + t1 + t2)) / 3;
  }
  return area > 0 ? [s / area, t / area] : undefined;
}

/** The part of the polygon where a linear function is not negative. */
function cutOff(polygon: readonly Point[], height: (point: Point) => number): Point[] {
  return polygon.flatMap((point, i) => {
    const next = polygon[(i + 1) % polygon.length]!;
    const [here, there] = [height(point), height(next)];
    const kept = here >= 0 ? [point] : [];
    if (here >= 0 === there >= 0) return kept;
    const share = here / (here - there);
    const crossing: Point = [point[0] + share * (next[0] - point[0]), point[1] + share * (next[1] - point[1])];
    return [...kept, crossing];
  });
}
