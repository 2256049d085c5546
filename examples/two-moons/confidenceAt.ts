import * as tf from '@tensorflow/tfjs-core';
import { confidences, type ModelLike, meanMaxConfidence } from 'relu-overconfidence';

/** Confidence of a model at points of the plane given as `[N, 2]`, row-major. */
export async function confidenceAt(model: ModelLike, points: Float32Array): Promise<Float64Array> {
  const x = tf.tensor2d(points, [points.length / 2, 2]);
  const values = await confidences(model, x, { batchSize: 8192 });
  x.dispose();
  return values;
}

/** Mean confidence at points of the plane. */
export async function meanConfidence(model: ModelLike, points: ArrayLike<number>): Promise<number> {
  return meanMaxConfidence(await confidenceAt(model, Float32Array.from(points)));
}

/** Points of a grid over [0, 1]^2 that `include` accepts. */
export function gridPoints(include: (x: number, y: number) => boolean): number[] {
  const cells = 100;
  const at = Array.from({ length: cells }, (_, i) => (i + 0.5) / cells);
  return at.flatMap((x) => at.flatMap((y) => (include(x, y) ? [x, y] : [])));
}

/** Points in all directions at one distance from the centre of [0, 1]^2. */
export function ringPoints(distance: number): number[] {
  const count = 1000;
  return Array.from({ length: count }, (_, i) => (2 * Math.PI * i) / count).flatMap((angle) => [
    0.5 + distance * Math.cos(angle),
    0.5 + distance * Math.sin(angle),
  ]);
}
