import type { Output } from '../io';
/** Breaks text between words, never before a percent sign, so that no line is longer than `width`, unless a single word is. */
export function wrap(text: string, width: number, indent = ''): string {
  return text
    .split('\n')
    .map((paragraph) => wrapOne(paragraph, width, indent))
    .join('\n');
}

function wrapOne(paragraph: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of paragraph.split(/ (?!%)/)) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((one) => `${indent}${one}`).join('\n');
}

/** Widest first column; what is wider gets a line of its own. */
const WIDEST = 22;

/** A list of names and what they mean, in two columns. */
export function columnsOf(list: readonly (readonly [name: string, text: string])[], width: number): string {
  const first = Math.min(WIDEST, Math.max(...list.map(([name]) => name.length)));
  const indent = ' '.repeat(first + 4);
  return list
    .map(([name, text]) => {
      const wrapped = wrap(text, width, indent);
      return name.length > first ? `  ${name}\n${wrapped}` : `  ${name.padEnd(first)}  ${wrapped.trimStart()}`;
    })
    .join('\n');
}

/** A text that begins with a capital letter. */
export function capitalised(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}`;
}

/** A share as a percentage with one decimal at most. */
export function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`;
}

/** A time in words: `about 3 minutes`. */
export function duration(seconds: number): string {
  const units = [
    [365 * 24 * 3600, 'year'],
    [24 * 3600, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
    [1, 'second'],
  ] as const;
  const [length, name] = units.find(([unit]) => seconds >= 1.5 * unit) ?? units.at(-1)!;
  const count = Math.max(1, Math.round(seconds / length));
  return `about ${count} ${name}${count === 1 ? '' : 's'}`;
}

/** Ways to mark text. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly good: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly bad: (text: string) => string;
}

/** Colours for a terminal; none elsewhere, nor with NO_COLOR (https://no-color.org) or a terminal that calls itself dumb. */
export function styleOf(output: Output, env: Readonly<Record<string, string | undefined>>): Style {
  const coloured = output.isTTY && !env.NO_COLOR && env.TERM !== 'dumb';
  const code = (sequence: number) => (text: string) => (coloured ? `\x1b[${sequence}m${text}\x1b[0m` : text);
  return { bold: code(1), good: code(32), warning: code(33), bad: code(31) };
}
