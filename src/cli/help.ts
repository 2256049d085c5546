import type { OptionTable } from './args/options';
import type { Command } from './command';
import { columnsOf, wrap } from './print/text';

const NAME = 'relu-overconfidence';
const ABOUT = 'Finds out how sure a TensorFlow.js classifier is of itself where it should not be, and trains it away.';
const CODES: readonly (readonly [string, string])[] = [
  ['0', 'all went well, and no threshold was broken'],
  ['1', 'a threshold was broken (--max-mmc), or could not be checked because a measurement failed'],
  ['2', 'wrong usage, or a file or an option that cannot be used'],
  ['3', 'an error that was not expected, or a measurement that failed'],
  ['130', 'interrupted with Ctrl-C; what was done is kept, and the same command goes on from there'],
];

/** The help of the whole program. */
export function programHelp(commands: ReadonlyMap<string, Command>, width: number): string {
  const list = [...commands].map(([name, { summary }]) => [name, summary] as const);
  return [
    wrap(ABOUT, width),
    '',
    `Usage: ${NAME} <command> [options]`,
    '',
    'Commands:',
    columnsOf(list, width),
    '',
    exitCodes(width),
    '',
    `\`${NAME} <command> --help\` explains a command; --version tells the version.`,
  ].join('\n');
}

/** The help of one command. */
export function commandHelp({ usage, about, options, examples }: Command, width: number): string {
  return [
    `Usage: ${NAME} ${usage}`,
    '',
    wrap(about, width),
    '',
    'Options:',
    columnsOf([...optionLines(options), ['--help', 'show this help']], width),
    '',
    'Examples:',
    ...examples.map((line) => `  ${NAME} ${line}`),
    '',
    exitCodes(width),
  ].join('\n');
}

function exitCodes(width: number): string {
  return `Exit codes:\n${columnsOf(CODES, width)}`;
}

function optionLines(options: OptionTable): [string, string][] {
  return Object.entries(options).map(([name, { value, text }]) => [
    value === undefined ? `--${name}` : `--${name} ${value}`,
    text,
  ]);
}
