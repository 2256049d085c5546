import { expect, test } from 'vitest';
import { visible } from '../../src/cli/io';
import { progressLine } from '../../src/cli/print/progressLine';
import { styleOf } from '../../src/cli/print/style';

test('text for a terminal shows what strangers have hidden in names, and keeps the marks of the program', () => {
  expect(visible('a\x1b[2J\x1b]0;title\x07b')).toBe('a\\u001b[2J\\u001b]0;title\\u0007b');
  expect(visible('good\rbad\b\x7f\x9b31m')).toBe('good\\u000dbad\\u0008\\u007f\\u009b31m');
  expect(visible('cat\u202egnp.exe')).toBe('cat\\u202egnp.exe');
  expect(visible('Ölflasche 瓶 🙂\n\tnext')).toBe('Ölflasche 瓶 🙂\n\tnext');
  const written: string[] = [];
  const output = { write: (text: string) => written.push(text), isTTY: true, columns: 80 };
  const { bold, good, warning, bad } = styleOf(output, {});
  const line = progressLine(output, true);
  line.show({ label: 'x', done: 1, total: 2, remainingMs: 3 } as never);
  line.clear();
  const own = [bold('a'), good('b'), warning('c'), bad('d'), ...written];
  expect(own.map(visible)).toEqual(own);
});

test('JSON that was made visible is the same JSON', () => {
  const value = { label: 'a\u0000\u009b\u202eb' };
  expect(JSON.parse(visible(JSON.stringify(value)))).toEqual(value);
});
