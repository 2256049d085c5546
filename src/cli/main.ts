import { version } from 'relu-overconfidence/package.json';
import { OverconfidenceError } from '../core/errors';
import { parseArguments } from './args/parseArguments';
import { CliError, Interrupted, messageOf } from './cliError';
import { EXIT, type ExitCode } from './command';
import { commands } from './commands';
import { commandHelp, programHelp } from './help';
import type { Io } from './io';
import { styleOf } from './print/style';
import { wrap } from './print/text';

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

/** Says what went wrong in words, without a stack. */
function explain(error: unknown, { stderr, env }: Io): ExitCode {
  const { bad, warning } = styleOf(stderr, env);
  const say = (head: string, paint: (text: string) => string, text: string, hint: string) => {
    const lines = wrap(`${head} ${text}`, stderr.columns).replace(head, paint(head));
    stderr.write(`${lines}\n${wrap(hint, stderr.columns, '  ')}\n`);
  };
  if (error instanceof Interrupted) {
    say('stopped:', warning, error.message, error.hint);
    return EXIT.interrupted;
  }
  if (error instanceof CliError) {
    say('error:', bad, error.message, error.hint);
    return EXIT.usage;
  }
  if (error instanceof OverconfidenceError) {
    const { fix, message } = error;
    say('error:', bad, asOptions(message.slice(0, message.length - fix.length).trim()), asOptions(fix));
    return EXIT.usage;
  }
  const hint = 'This was not expected. If the model and the options are right, please report it.';
  say('error:', bad, messageOf(error), hint);
  return EXIT.failed;
}

/** What the library says of options of its own, in the words of the command line. */
function asOptions(text: string): string {
  return text
    .replaceAll(/`(outputs|output): '(\w+)'`/g, '--$1 $2')
    .replaceAll(/`(outputs|output|bounds|image)`/g, '--$1')
    .replaceAll('`inputShape`', '--input-shape');
}
