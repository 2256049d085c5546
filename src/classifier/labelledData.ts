import type * as tf from '@tensorflow/tfjs-core';
import { checkKeys, type KeysOf, refuse, show, type Where } from '../core/check';
import type { LabelledData } from './types';

/** Labelled data under the names that tfjs gives them, for example in `tf.data`. */
export interface TfjsData {
  /** Inputs, as `x` of {@link LabelledData}. */
  readonly xs: tf.Tensor;
  /** Labels, as `y` of {@link LabelledData}. */
  readonly ys: tf.Tensor;
}

/** Labelled data as a caller may write them: `{ x, y }`, or `{ xs, ys }` as in tfjs. */
export type DataLike = LabelledData | TfjsData;

const KEYS: KeysOf<LabelledData> = { x: true, y: true };
const TFJS_KEYS: KeysOf<TfjsData> = { xs: true, ys: true };

/** The data under our names; refuses a mixture of both pairs, any other key, and what is no such object. */
export function labelledData(where: Where, data: DataLike): LabelledData {
  const has = (key: string) => typeof data === 'object' && data !== null && key in data;
  const [ours, theirs] = [has('x') || has('y'), has('xs') || has('ys')];
  if (ours === theirs)
    refuse(
      where,
      'INVALID_ARGUMENT',
      'an object { x, y } of inputs and labels, or { xs, ys }',
      ours ? 'a mixture of both' : show(data),
      'Pass for example `{ x: images, y: labels }`.',
    );
  if (!isTfjsData(data)) {
    checkKeys(where, data, KEYS);
    return data;
  }
  checkKeys(where, data, TFJS_KEYS);
  return { x: data.xs, y: data.ys };
}

function isTfjsData(data: DataLike): data is TfjsData {
  return 'xs' in data || 'ys' in data;
}
