import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { checkLabels, labelIndices, oneHot, readLabels } from '../../src/core/labels';
import type { ErrorCode } from '../../src/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';

const where = { fn: 'f', argument: 'y' };

describe('labels', () => {
  const forms = {
    'int32 indices [B]': () => tf.tensor1d([2, 0, 1], 'int32'),
    'float32 indices [B]': () => tf.tensor1d([2, 0, 1]),
    'a column of indices [B, 1]': () => tf.tensor2d([[2], [0], [1]]),
    'one-hot rows [B, K]': () => tf.oneHot(tf.tensor1d([2, 0, 1], 'int32'), 3) as tf.Tensor,
    'boolean one-hot rows': () => tf.cast(tf.oneHot(tf.tensor1d([2, 0, 1], 'int32'), 3), 'bool'),
  };
  it.each(Object.entries(forms))('mean the same as %s', async (_, make) => {
    await expectNoLeak(async () => {
      const y = tf.tidy(make);
      checkLabels(where, y, 3, 3);
      expect(await readLabels(where, y, 3, 3)).toEqual(Int32Array.of(2, 0, 1));
      expect(labelIndices(where, await y.data(), y.shape, 3)).toEqual(Int32Array.of(2, 0, 1));
      const rows = oneHot(y, 3);
      expect(rows.dtype).toBe('float32');
      expect(await rows.array()).toEqual([
        [0, 0, 1],
        [1, 0, 0],
        [0, 1, 0],
      ]);
      tf.dispose([y, rows]);
    });
  });

  it('a column of two classes holds indices, not one-hot rows', async () => {
    const y = tf.tensor2d([[1], [0]]);
    expect(await readLabels(where, y, 2)).toEqual(Int32Array.of(1, 0));
    y.dispose();
  });

  const faults: readonly [string, () => tf.Tensor, ErrorCode][] = [
    ['an index that is too large', () => tf.tensor1d([0, 3]), 'INVALID_LABELS'],
    ['an index that is too large, in a column', () => tf.tensor2d([[0], [3]]), 'INVALID_LABELS'],
    ['a negative index', () => tf.tensor1d([-1, 0], 'int32'), 'INVALID_LABELS'],
    ['an index that is not whole', () => tf.tensor1d([0.5, 1]), 'INVALID_LABELS'],
    ['a NaN index', () => tf.tensor1d([Number.NaN, 1]), 'INVALID_LABELS'],
    ['soft labels', () => tf.fill([2, 3], 1 / 3), 'INVALID_LABELS'],
    ['a row with two ones', () => tf.ones([2, 3]), 'INVALID_LABELS'],
    ['a row without a one', () => tf.zeros([2, 3]), 'INVALID_LABELS'],
    [
      'a row with a one and a half',
      () =>
        tf.tensor2d([
          [1, 0, 0.5],
          [1, 0, 0],
        ]),
      'INVALID_LABELS',
    ],
    ['too few labels', () => tf.tensor1d([1]), 'INVALID_SHAPE'],
    ['too few one-hot rows', () => tf.tensor2d([[1, 0, 0]]), 'INVALID_SHAPE'],
    ['rows of another width', () => tf.ones([2, 4]), 'INVALID_SHAPE'],
    ['a scalar', () => tf.scalar(1), 'INVALID_SHAPE'],
    ['rank 3', () => tf.ones([2, 3, 1]), 'INVALID_SHAPE'],
  ];
  it.each(faults)('refuse %s', async (_, make, code) => {
    const bad = make();
    await expectRefusal(() => checkLabels(where, bad, 3, 2), { code, ...where });
    await expectRefusal(() => readLabels(where, bad, 3, 2), { code, ...where });
    bad.dispose();
  });
});
