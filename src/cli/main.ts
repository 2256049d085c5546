import { version } from 'relu-overconfidence/package.json';
import { parseArguments } from './args/parseArguments';
import { CliError } from './cliError';
import { EXIT, type ExitCode } from './command';
import { commands } from './commands';
import { explain } from './explain';
import { commandHelp, programHelp } from './help';
import type { Io } from './io';

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
