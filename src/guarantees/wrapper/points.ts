import * as tf from '@tensorflow/tfjs-core';
import type { Where } from '../../core/check';
import { checkBatch, refuseNonFinite } from '../../core/checkTensor';

/** A batch as float64 rows, flat. */
export interface Points {
  readonly values: Float64Array;
  /** Entries per row. */
  readonly size: number;
  readonly count: number;
}

/** Reads a batch, whose entries must be finite, as a wrapper with this horizon sees it. */
export async function readPoints(
  where: Where,
  x: tf.Tensor,
  inputShape: readonly number[],
  horizon = HORIZON,
): Promise<Points> {
  checkBatch(where, x, inputShape);
  const values = Float64Array.from(await x.data());
  const bad = values.find((value) => !Number.isFinite(value));
  if (bad !== undefined) refuseNonFinite(where, bad);
  const count = x.shape[0]!;
  const seen = values.map((value) => Math.min(horizon, Math.max(-horizon, value)));
  return { values: seen, size: values.length / count, count };
}

/** Row i of the points. */
export function pointAt({ values, size }: Points, i: number): Float64Array {
  return values.subarray(i * size, (i + 1) * size);
}

/** The mean of the points, rounded to float32 so that tensors hold the same number. */
export function centreOf({ values, size, count }: Points): Float64Array {
  const centre = new Float64Array(size);
  for (let i = 0; i < values.length; i++) centre[i % size]! += values[i]! / count;
  return centre.map(Math.fround);
}

/** Each point as seen from a centre. */
export function displacementsFrom(centre: Float64Array, points: Points): Float64Array[] {
  return Array.from({ length: points.count }, (_, i) => pointAt(points, i).map((value, j) => value - centre[j]!));
}

/**
 * Wrapped models see inputs with every entry clipped to this size or less, so that float32 can hold what they compute: 2^100, 1.3e30.
 * Clipping shortens distances between points, so a bound over a ball around the clipped point holds for the ball.
 */
export const HORIZON = 2 ** 100;

/** However fast a network grows, no entry smaller than this is clipped. */
export const LEAST_HORIZON = 2 ** 20;

/** The largest power of two such that no input with entries up to it is farther than `reach` from the centre, within limits. */
export function horizonWithin(reach: number, centre: Float64Array): number {
  const entry = reach / Math.sqrt(centre.length) - offsetOf(centre);
  return Math.min(HORIZON, Math.max(LEAST_HORIZON, 2 ** Math.floor(Math.log2(Math.max(1, entry)))));
}

/** The batch with every entry clipped. */
export function withinHorizon(x: tf.Tensor, horizon = HORIZON): tf.Tensor {
  return tf.clipByValue(x, -horizon, horizon);
}

/** A radius, or Infinity if no clipped point is that far from the centre in its farthest entry. */
export function radiusWithinHorizon(radius: number, centre: Float64Array, horizon = HORIZON): number {
  return radius <= depthOf(centre, horizon) ? radius : Number.POSITIVE_INFINITY;
}

/** How far from the centre every direction leads before an entry is clipped. */
export function depthOf(centre: Float64Array, horizon: number): number {
  return horizon - offsetOf(centre);
}

/** The largest entry of the centre. */
function offsetOf(centre: Float64Array): number {
  return centre.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
}
