import type * as tf from '@tensorflow/tfjs-core';
import type { Where } from '../../core/check';
import { checkBatch, refuseNonFinite } from '../../core/checkTensor';
import { HORIZON } from './horizon';

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
