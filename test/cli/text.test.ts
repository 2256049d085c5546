import { expect, test } from 'vitest';
import { wrap } from '../../src/cli/print/text';

test('lines are broken between words, and never between a number and its percent sign', () => {
  const text = 'It is 99.8 % sure of uniform noise.';
  expect(wrap(text, 10)).toBe('It is\n99.8 %\nsure of\nuniform\nnoise.');
  expect(wrap(text, 11, '  ')).toBe('  It is\n  99.8 %\n  sure of\n  uniform\n  noise.');
  expect(wrap('one\ntwo three', 5)).toBe('one\ntwo\nthree');
});
