import { type ParseArgsConfig, parseArgs } from 'node:util';
import { CliError, messageOf } from '../cliError';
import type { Arguments } from '../command';
import type { OptionTable } from './options';

/** Splits what was written after a command's name; an option that the command does not have is refused. */
export function parseArguments(argv: readonly string[], options: OptionTable, command: string): Arguments {
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
