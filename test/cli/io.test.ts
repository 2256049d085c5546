import { expect, test } from 'vitest';
import { visible } from '../../src/cli/io';
import { progressLine } from '../../src/cli/print/progressLine';
import { styleOf } from '../../src/cli/print/text';

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

test('on a terminal progress is drawn at most ten times a second, but at once when something else is worked on', () => {
  const written: string[] = [];
  const line = progressLine({ write: (text) => written.push(text), isTTY: true, columns: 80 }, false);
  for (const [label, done] of [
    ['noise', 1],
    ['noise', 2],
    ['rays', 2],
    ['rays', 3],
  ] as const)
    line.show({ label, done, total: 10, elapsedMs: 0, remainingMs: 0 });
  expect(written.map((text) => text.split(' ').at(-1))).toEqual(['noise', 'rays']);
});

test('away from a terminal progress has a line for every tenth of each piece of work, whatever was done before it', () => {
  const written: string[] = [];
  const line = progressLine({ write: (text) => written.push(text), isTTY: false, columns: 80 }, true);
  const work = (label: string, total: number, ...done: number[]) => {
    for (const so of done) line.show({ label, done: so, total, elapsedMs: 0, remainingMs: 0 });
  };
  work('reading', 20, 1, 2, 3, 4, 20);
  work('reading more', 20, 1, 19, 20);
  work('measuring', 200, 100, 101);
  work('measuring the rest', 200, 101, 102, 200);
  work('regions', Number.POSITIVE_INFINITY, 0, 1, 2, 3, 4);
  const shown = written.map((text) =>
    text
      .replace(/^[█░]+ +/, '')
      .replace(' 00:00 left ', '')
      .trimEnd(),
  );
  expect(shown).toEqual([
    ...['5 %  reading', '10 %  reading', '20 %  reading', '100 %  reading'],
    ...['5 %  reading more', '95 %  reading more', '100 %  reading more'],
    ...['50 %  measuring', '50 %  measuring the rest', '100 %  measuring the rest'],
    ...['1 regions', '2 regions', '4 regions'],
  ]);
});
