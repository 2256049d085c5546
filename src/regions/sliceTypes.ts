import type { ProgressOptions } from '../core/progress';

/** A rectangle of a plane, in the coordinates (s, t) of the plane. */
export interface Box2d {
  /** Smallest and largest s. */
  readonly x: readonly [number, number];
  /** Smallest and largest t. */
  readonly y: readonly [number, number];
}

/** The plane of the points `origin + s * u + t * v` of a network's input space; (s, t) are its coordinates. */
export interface Plane2d {
  /** The point (0, 0). */
  readonly origin: ArrayLike<number>;
  /** The step by which s grows by 1. */
  readonly u: ArrayLike<number>;
  /** The step by which t grows by 1. */
  readonly v: ArrayLike<number>;
}

/** What becomes of the confidence in a range of directions, as one goes to infinity inside an unbounded region. */
export interface DirectionLimit {
  /** First direction of the range, counter-clockwise, of length 1. */
  readonly from: readonly [number, number];
  /** Last direction of the range; the same as `from` where a region is infinite in a single direction. */
  readonly to: readonly [number, number];
  /** The classes whose logits grow fastest, the most confident first; several only if they grow equally fast. */
  readonly classes: readonly number[];
  /** Limit of the largest softmax probability: 1 for a single class. */
  readonly confidence: number;
}

/**
 * A linear region of a network inside a plane: a convex polygon of points that share all decisions of the network, on
 * which its logits are affine.
 */
export interface Region2d {
  /**
   * Corners, counter-clockwise, `[s0, t0, s1, t1, ...]`. Two neighbours have the same corners on their common edge, bit for
   * bit. An edge that is a whole line has one point of it as a corner.
   */
  readonly vertices: Float64Array;
  /**
   * Directions of length 1 in which the region is infinite, counter-clockwise, `[ds0, dt0, ...]`; empty if it is bounded.
   * The region is all points that are a mean of `vertices` plus a sum of non-negative multiples of `rays`. They follow
   * the last vertex, but for a strip between two parallel lines: it has two opposite rays, one after the vertices of the
   * first line and one after those of the second. A network without any kink in the plane has one region without vertices.
   */
  readonly rays: Float64Array;
  /** Whether the region is infinite. */
  readonly unbounded: boolean;
  /** A point inside the region. */
  readonly inside: readonly [number, number];
  /** Slopes of the K logits in s and t, K x 2 row-major: logit k is `slope[2k] * s + slope[2k + 1] * t + intercept[k]`. */
  readonly slope: Float64Array;
  /** The K logits at s = t = 0, continued to there. */
  readonly intercept: Float64Array;
  /** The class of `inside`; other classes may win elsewhere in the region, see {@link decisionBoundary}. */
  readonly class: number;
  /** Limits of the confidence by direction, which together make up all directions of an unbounded region. */
  readonly limits: readonly DirectionLimit[];
  /** The lowest confidence of `limits`, or undefined for a bounded region. */
  readonly confidenceAtInfinity: number | undefined;
}

/** The regions of {@link sliceRegions}, an array that also says whether it holds all of them. */
export interface RegionList extends ReadonlyArray<Region2d> {
  /** False if the search stopped at `maxRegions` with regions left. */
  readonly complete: boolean;
}

/** A straight piece of the decision boundary between two classes. */
export interface BoundaryPiece {
  /** The two classes, the lower one first. */
  readonly classes: readonly [number, number];
  /** One end. */
  readonly from: readonly [number, number];
  /** The other end, or undefined for a piece that goes to infinity. */
  readonly to: readonly [number, number] | undefined;
  /** The direction, of length 1, in which the piece goes to infinity, or undefined for one that has an end. */
  readonly direction: readonly [number, number] | undefined;
}

/**
 * Options of {@link sliceRegions} and {@link countRegions}. Progress is counted in regions found; how many there are is not
 * known before, so its total is NaN. The calls are synchronous: a signal must be fired in `onProgress`.
 */
export interface SliceOptions extends ProgressOptions {
  /** Part of the plane to look at, in its coordinates (s, t). By default the whole plane. */
  readonly box?: Box2d;
  /** The search ends after so many regions. @defaultValue Infinity */
  readonly maxRegions?: number;
}
