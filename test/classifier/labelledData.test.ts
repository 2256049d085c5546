import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type DataLike, labelledData } from '../../src/classifier/labelledData';
import { expectRefusal } from '../support/expectRefusal';

const [x, y] = [tf.zeros([2, 3]), tf.tensor1d([0, 1])];
const where = { fn: 'f', argument: 'data' };
const code = 'INVALID_ARGUMENT' as const;

describe('labelled data', () => {
  it('may have our names or those of tfjs', () => {
    expect(labelledData(where, { x, y })).toEqual({ x, y });
    const { x: inputs, y: labels } = labelledData(where, { xs: x, ys: y });
    expect(inputs).toBe(x);
    expect(labels).toBe(y);
  });

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a tensor, as for model.fit', x],
    ['an array', [x, y]],
    ['an object of other things', { images: x, labels: y }],
    ['names of both', { x, ys: y }],
    ['names of both', { xs: x, y }],
    ['both pairs', { x, y, xs: x, ys: y }],
  ])('is refused when it is %s', async (_, data) => {
    await expectRefusal(() => labelledData(where, data as never as DataLike), { ...where, code });
  });

  it.each([
    ['x', { x, y, weights: y }],
    ['xs', { xs: x, ys: y, z: y }],
  ])('is refused with a third key beside %s', async (_, data) => {
    await expectRefusal(() => labelledData(where, data), { ...where, code: 'INVALID_OPTION' });
  });
});
