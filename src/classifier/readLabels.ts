import type * as tf from '@tensorflow/tfjs-core';
import { refuse, type Where } from '../core/check';
import { checkRank } from '../core/checkTensor';
import { argMax } from './readLogits';

/** The class index of each of `count` images, from indices `[count]` or one-hot rows `[count, classes]`. */
export async function readLabels(where: Where, y: tf.Tensor, count: number, classes: number): Promise<Int32Array> {
  checkRank(where, y, [1, 2]);
  if (y.shape[0] !== count || (y.rank === 2 && y.shape[1] !== classes))
    refuse(
      where,
      'INVALID_SHAPE',
      `of shape [${count}] (class indices) or [${count}, ${classes}] (one-hot rows)`,
      `shape [${y.shape.join(', ')}]`,
      'Pass one label per image.',
    );
  const values = await y.data();
  return Int32Array.from({ length: count }, (_, row) =>
    y.rank === 1 ? indexAt(where, values, row, classes) : hotAt(where, values, row, classes),
  );
}

function indexAt(where: Where, values: ArrayLike<number>, row: number, classes: number): number {
  const label = values[row]!;
  if (!(Number.isInteger(label) && label >= 0 && label < classes))
    refuse(
      where,
      'INVALID_LABELS',
      `whole class indices in 0, ..., ${classes - 1}`,
      `label ${label} for image ${row}`,
      'Count classes from 0; compare the number of classes of the model with that of the data.',
    );
  return label;
}

function hotAt(where: Where, values: ArrayLike<number>, row: number, classes: number): number {
  const hot = argMax(values, row * classes, classes);
  for (let k = 0; k < classes; k++) {
    const value = values[row * classes + k]!;
    if (value !== (k === hot ? 1 : 0))
      refuse(
        where,
        'INVALID_LABELS',
        'one-hot rows: a single 1, all else 0',
        `${value} for class ${k} of image ${row}`,
        'Make them with tf.oneHot(indices, classes), or pass the indices.',
      );
  }
  return hot;
}
