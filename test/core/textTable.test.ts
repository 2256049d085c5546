import { expect, test } from 'vitest';
import { alignColumns, textTable } from '../../src/core/textTable';

test('columns are as wide as their widest cell, the first to the left and all others to the right, without spaces at the end', () => {
  const rows = [
    ['name', 'n', ''],
    ['a', '1000', ''],
  ];
  expect(alignColumns(rows)).toEqual(['name     n', 'a     1000']);
  expect(alignColumns(rows, ' | ')).toEqual(['name |    n |', 'a    | 1000 |']);
  expect(alignColumns([])).toEqual([]);
});

test('a table has a line below its head, as long as each column', () => {
  const rows = [
    ['uniform noise', '0.5'],
    ['x', '12'],
  ];
  expect(textTable(['', 'AUROC'], rows).split('\n')).toEqual([
    '               AUROC',
    '-------------  -----',
    'uniform noise    0.5',
    'x                 12',
  ]);
  expect(textTable(['a', 'b'], [])).toBe('a  b\n-  -');
});
