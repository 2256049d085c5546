import * as tf from '@tensorflow/tfjs-core';
import type { DataLike } from '../../classifier/labelledData';
import { labelledData } from '../../classifier/labelledData';
import type { Classifier, LabelledData } from '../../classifier/types';
import { refuse, show } from '../../core/check';
import { readLabels } from '../../core/labels';
import type { Rng } from '../../core/rng';
import { checkLabelled } from '../prepare';

/** Examples that are held out unless the caller says how many, and at most. */
const [SHARE, MOST] = [0.2, 2000];

/** Data in two parts that have no example in common. */
export interface Split {
  /** Rows of the data that are trained on. */
  readonly rows: Int32Array;
  /** What is only measured. */
  readonly validation: LabelledData;
  /** Classes of the validation data. */
  readonly labels: Int32Array;
  /** Frees what was made. */
  readonly dispose: () => void;
}

/** Checks what is given for validation, before any work. */
export function checkValidation(fn: string, net: Classifier, given: DataLike | number | undefined): void {
  const where = { fn, argument: 'validation' };
  if (given === undefined) return;
  if (typeof given === 'number') {
    if (!(given > 0 && given < 1))
      refuse(where, 'INVALID_OPTION', 'data, or a share of them between 0 and 1', show(given), 'Pass for example 0.2.');
    return;
  }
  checkLabelled(fn, net, labelledData(where, given));
}

/** Holds out a share of each class alike, at random, or takes the data that were given for validation. */
export async function splitData(
  fn: string,
  { classes }: Classifier,
  { x, y }: LabelledData,
  given: DataLike | number | undefined,
  rng: Rng,
): Promise<Split> {
  const count = x.shape[0]!;
  if (given !== undefined && typeof given !== 'number') {
    const validation = labelledData({ fn, argument: 'validation' }, given);
    const labels = await readLabels({ fn, argument: 'validation' }, validation.y, classes);
    return { rows: Int32Array.from({ length: count }, (_, i) => i), validation, labels, dispose: () => {} };
  }
  const labels = await readLabels({ fn, argument: 'y' }, y, classes);
  const share = given ?? Math.min(SHARE, MOST / count);
  const members = Array.from({ length: classes }, (): number[] => []);
  for (const row of rng.permutation(count)) members[labels[row]!]!.push(row);
  // Of a class with a single example that one is trained on.
  const held = members.flatMap((rows) => rows.slice(0, Math.min(rows.length - 1, Math.ceil(share * rows.length))));
  if (held.length === 0)
    refuse(
      { fn, argument: 'data' },
      'INVALID_ARGUMENT',
      'two examples or more of some class, so that one can be held out',
      `${count} of as many classes`,
      'Pass more data, or others as `validation`.',
    );
  const out = new Set(held);
  const places = tf.tensor1d(held, 'int32');
  const validation = { x: tf.gather(x, places), y: tf.gather(y, places) };
  tf.dispose(places);
  return {
    rows: Int32Array.from({ length: count }, (_, i) => i).filter((row) => !out.has(row)),
    validation,
    labels: Int32Array.from(held, (row) => labels[row]!),
    dispose: () => tf.dispose([validation.x, validation.y]),
  };
}
