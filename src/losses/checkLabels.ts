import type * as tf from '@tensorflow/tfjs-core';
import { refuse, type Where } from '../core/check';
import { checkRank } from '../core/checkTensor';
import { readNow } from '../core/readNow';

/**
 * Class indices `[B]` or one-hot rows `[B, classes]`, B being `batch` where it is known. The values are read once, except
 * on webgpu, where they are not checked.
 */
export function checkLabels(where: Where, labels: tf.Tensor, classes: number, batch?: number): void {
  checkRank(where, labels, [1, 2]);
  const rows = batch ?? labels.shape[0]!;
  if (labels.shape[0] !== rows || (labels.rank === 2 && labels.shape[1] !== classes))
    refuse(
      where,
      'INVALID_SHAPE',
      `of shape [${rows}] (class indices) or [${rows}, ${classes}] (one-hot rows)`,
      `shape [${labels.shape.join(', ')}]`,
      'Pass one label for each row of the batch.',
    );
  const values = readNow(labels);
  if (values === undefined) return;
  const fault = labels.rank === 1 ? badIndex(values, classes) : badRow(values, classes);
  if (fault !== undefined)
    refuse(
      where,
      'INVALID_LABELS',
      labels.rank === 1 ? `whole class indices in 0, ..., ${classes - 1}` : 'one-hot rows: a single 1, all else 0',
      fault,
      'Count classes from 0, and pass logits of all of them.',
    );
}

type Values = Float32Array | Int32Array | Uint8Array;

function badIndex(values: Values, classes: number): string | undefined {
  const bad = values.find((v) => !(Number.isInteger(v) && v >= 0 && v < classes));
  return bad === undefined ? undefined : `a label ${bad}`;
}

function badRow(values: Values, classes: number): string | undefined {
  for (let row = 0; row < values.length / classes; row++) {
    const entries = values.subarray(row * classes, (row + 1) * classes);
    const ones = entries.filter((v) => v === 1).length;
    const zeros = entries.filter((v) => v === 0).length;
    if (ones !== 1 || zeros !== classes - 1) return `row ${row} with the values [${entries.join(', ')}]`;
  }
  return undefined;
}
