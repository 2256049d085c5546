import * as tf from '@tensorflow/tfjs-core';
import { lengthOf } from '../growth/networkGrowth';
import type { Metric } from './metric';
import { type CcuModel, exactDensity, type LogDensity } from './safeDensities';

/** `log p(x|in) - log(lambda p(x|out))` of displacements from the centre `[B, d]`: `[B, 1]`. Runs in a tidy. */
export type LogRatio = (displacement: tf.Tensor2D) => tf.Tensor2D;

/** The {@link LogRatio} of a model, in float32. */
export function logRatio({ metric, inside, outside, lambda }: CcuModel): LogRatio {
  const dimensions = metric.centre.length;
  const embedded = embedding(metric);
  const logInside = logDensity(exactDensity(inside, dimensions));
  const logOutside = logDensity(exactDensity(outside, dimensions, lambda));
  return (displacement) => {
    const point = embedded(displacement);
    const squares = tf.sum(tf.square(point), 1, true);
    return tf.sub(logInside(point, squares), logOutside(point, squares));
  };
}

/** `embed` for a batch: `[B, d]` to `[B, p + d]`. */
function embedding({ axes, variances, centre }: Metric): (displacement: tf.Tensor2D) => tf.Tensor2D {
  const shape = [axes.length, centre.length] as [number, number];
  const entries = flat(axes);
  const deviations = Float32Array.from(variances, Math.sqrt);
  const [alongAxes, elsewhere] = [deviations.subarray(0, axes.length), deviations[axes.length]!];
  return (displacement) => {
    const rows = tf.tensor2d(entries, shape);
    const along: tf.Tensor2D = tf.matMul(displacement, rows, false, true);
    const rest: tf.Tensor2D = tf.sub(displacement, tf.matMul(along, rows));
    return tf.concat([tf.div(along, tf.tensor1d(alongAxes)) as tf.Tensor2D, tf.div(rest, elsewhere) as tf.Tensor2D], 1);
  };
}

/** The log-density of embedded points, by `|y - m|^2 = |y|^2 - 2 y . m + |m|^2`: `[B, 1]`. */
function logDensity({ heights, rates, means }: LogDensity): (point: tf.Tensor2D, squares: tf.Tensor) => tf.Tensor {
  const centres = flat(means);
  const own = means.map((mean) => lengthOf(mean) ** 2);
  return (point, squares) => {
    const rows = tf.tensor2d(centres, [means.length, point.shape[1]]);
    const products = tf.matMul(point, rows, false, true);
    const distances = tf.add(tf.sub(squares, tf.mul(2, products)), tf.tensor1d(own));
    const drop = tf.mul(tf.tensor1d(Float32Array.from(rates)), distances);
    return tf.logSumExp(tf.sub(tf.tensor1d(Float32Array.from(heights)), drop), 1, true);
  };
}

function flat(rows: readonly Float64Array[]): Float32Array {
  const size = rows[0]!.length;
  const result = new Float32Array(rows.length * size);
  for (const [i, row] of rows.entries()) result.set(row, i * size);
  return result;
}
