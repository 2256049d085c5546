import type { Output } from '../io';

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
