import * as tf from '@tensorflow/tfjs-core';
import { refuse, type Where } from './check';
import { checkRank } from './checkTensor';
import { readNow } from './readNow';

/**
 * Refuses labels that are not class indices `[B]` or `[B, 1]` (0, ..., classes - 1, any dtype) or one-hot rows
 * `[B, classes]`, B being `batch` where it is known. The values are read once, except on webgpu, where only the shape is
 * checked.
 */
export function checkLabels(where: Where, labels: tf.Tensor, classes: number, batch?: number): void {
  checkRank(where, labels, [1, 2]);
  checkShape(where, labels.shape, classes, batch);
  const values = readNow(labels);
  if (values !== undefined) labelIndices(where, values, labels.shape, classes);
}

/** The class index of each example, from labels of any form that {@link checkLabels} accepts; others are refused. */
export async function readLabels(
  where: Where,
  labels: tf.Tensor,
  classes: number,
  batch?: number,
): Promise<Int32Array> {
  checkRank(where, labels, [1, 2]);
  checkShape(where, labels.shape, classes, batch);
  return labelIndices(where, await labels.data(), labels.shape, classes);
}

/** One-hot float32 rows `[B, classes]` of labels of any accepted form; nothing is checked. The caller owns the result. */
export function oneHot(labels: tf.Tensor, classes: number): tf.Tensor2D {
  if (!isIndices(labels.shape)) return tf.cast(labels as tf.Tensor2D, 'float32');
  return tf.tidy(() => {
    const indices = tf.cast(tf.reshape(labels, [labels.shape[0]!]), 'int32');
    return tf.cast(tf.oneHot(indices, classes) as tf.Tensor2D, 'float32');
  });
}

/** The same from the values of an array `[B]`, `[B, 1]` or `[B, classes]` that has its shape beside it. */
export function labelIndices(
  where: Where,
  values: ArrayLike<number>,
  shape: readonly number[],
  classes: number,
): Int32Array {
  const at = isIndices(shape) ? indexAt : hotAt;
  return Int32Array.from({ length: shape[0]! }, (_, row) => at(where, values, row, classes));
}

/** Refuses another shape than `[batch]`, `[batch, 1]` or `[batch, classes]`. */
function checkShape(where: Where, shape: readonly number[], classes: number, batch = shape[0]!): void {
  if (shape[0] !== batch || !(isIndices(shape) || shape[1] === classes))
    refuse(
      where,
      'INVALID_SHAPE',
      `of shape [${batch}] or [${batch}, 1] (class indices) or [${batch}, ${classes}] (one-hot rows)`,
      `shape [${shape.join(', ')}]`,
      'Pass one label for each row of the batch.',
    );
}

/** No model has a single class, so one column holds indices. */
function isIndices(shape: readonly number[]): boolean {
  return shape.length === 1 || shape[1] === 1;
}

function indexAt(where: Where, values: ArrayLike<number>, row: number, classes: number): number {
  const label = values[row]!;
  if (!(Number.isInteger(label) && label >= 0 && label < classes))
    refuse(
      where,
      'INVALID_LABELS',
      `whole class indices in 0, ..., ${classes - 1}`,
      `label ${label} in row ${row}`,
      'Count classes from 0; compare the number of classes of the model with that of the data.',
    );
  return label;
}

function hotAt(where: Where, values: ArrayLike<number>, row: number, classes: number): number {
  const entries = Array.from({ length: classes }, (_, k) => values[row * classes + k]!);
  const hot = entries.indexOf(1);
  if (hot === -1 || entries.some((value, k) => value !== (k === hot ? 1 : 0)))
    refuse(
      where,
      'INVALID_LABELS',
      'one-hot rows: a single 1, all else 0',
      `row ${row} with the values [${entries.join(', ')}]`,
      'Make them with tf.oneHot(indices, classes), or pass the indices.',
    );
  return hot;
}
