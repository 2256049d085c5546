import { describe, expect, test } from 'vitest';
import { chunks } from '../../src/noise/lowPass';

describe('chunks', () => {
  test('are runs of as many images as make 2^18 floats, the last one shorter', () => {
    const size = { height: 128, width: 256, channels: 2 };
    expect(chunks(0, 10, size)).toEqual([
      [0, 4],
      [4, 8],
      [8, 10],
    ]);
    expect(chunks(3, 7, size)).toEqual([[3, 7]]);
    expect(chunks(3, 3, size)).toEqual([]);
    expect(chunks(0, 9, { height: 1, width: 3, channels: 2 ** 15 })).toEqual([
      [0, 2],
      [2, 4],
      [4, 6],
      [6, 8],
      [8, 9],
    ]);
  });

  test('hold one image where a single one is larger than that', () => {
    expect(chunks(1, 3, { height: 2048, width: 1024, channels: 3 })).toEqual([
      [1, 2],
      [2, 3],
    ]);
  });
});
