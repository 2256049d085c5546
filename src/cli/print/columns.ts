import { wrap } from './wrap';

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
