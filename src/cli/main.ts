import { type ParseArgsConfig, parseArgs } from 'node:util';
import { version } from 'relu-overconfidence/package.json';
import type { OptionTable } from './args/options';
import { CliError, messageOf } from './cliError';
import { type Arguments, type Command, EXIT, type ExitCode } from './command';
import { commands } from './commands';
import { explain } from './explain';
import type { Io } from './io';
import { columnsOf, wrap } from './print/text';

/** Runs what is written on the command line and gives the exit code; nothing is thrown. */
export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  try {
    return await run(argv, io);
  } catch (error) {
    return explain(error, io);
  }
}

async function run([name, ...rest]: readonly string[], io: Io): Promise<ExitCode> {
  const { write, columns } = io.stdout;
  const command = commands.get(name ?? '');
  const asksHelp = rest.some((word) => word === '--help' || word === '-h');
  if (command !== undefined && !asksHelp) return command.run(io, parseArguments(rest, command.options, name!));
  if (command !== undefined) write(`${commandHelp(command, columns)}\n`);
  else if (name === '--version') write(`${version}\n`);
  else if (name === undefined || ['help', '--help', '-h'].includes(name)) write(`${programHelp(commands, columns)}\n`);
  else
    throw new CliError(
      `There is no command ${JSON.stringify(name)}.`,
      `There are ${[...commands.keys()].join(', ')}; \`relu-overconfidence --help\` explains them.`,
    );
  return EXIT.fine;
}

/** Splits what was written after a command's name; an option that the command does not have is refused. */
function parseArguments(argv: readonly string[], options: OptionTable, command: string): Arguments {
  const config: NonNullable<ParseArgsConfig['options']> = {};
  for (const [name, { value, multiple = false }] of Object.entries(options))
    config[name] = { type: value === undefined ? 'boolean' : 'string', multiple };
  try {
    const { values, positionals } = parseArgs({
      args: joinNegative(argv, options),
      options: config,
      allowPositionals: true,
    });
    return { values: { ...values }, files: positionals };
  } catch (error) {
    const reason = messageOf(error).split('. ')[0]!;
    throw new CliError(`${reason}.`, `\`relu-overconfidence ${command} --help\` lists the options.`, error);
  }
}

/** Joins an option with a value that begins with a minus sign, such as `--bounds -1,1`, which `parseArgs` refuses. */
function joinNegative(argv: readonly string[], options: OptionTable): string[] {
  const joined: string[] = [];
  for (const word of argv) {
    const before = joined.at(-1) ?? '';
    const takesValue = before.startsWith('--') && options[before.slice(2)]?.value !== undefined;
    if (takesValue && /^-[\d.]/.test(word)) joined[joined.length - 1] = `${before}=${word}`;
    else joined.push(word);
  }
  return joined;
}

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
function programHelp(commands: ReadonlyMap<string, Command>, width: number): string {
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
function commandHelp({ usage, about, options, examples }: Command, width: number): string {
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
