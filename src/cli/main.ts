import { version } from '../../package.json';
import { OverconfidenceError } from '../core/errors';
import { parseArguments } from './args/parseArguments';
import { CliError, messageOf } from './cliError';
import { commands } from './commands/index';
import { EXIT, type ExitCode } from './exitCodes';
import { commandHelp, programHelp } from './help';
import type { Io } from './io';
import { styleOf } from './print/style';
import { wrap } from './print/wrap';

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
function explain(error: unknown, { stderr, env, signal }: Io): ExitCode {
  const { bad } = styleOf(stderr, env);
  const say = (text: string, hint: string) => {
    const [first, ...more] = wrap(`error: ${text}`, stderr.columns).split('\n');
    const lines = [first!.replace('error:', bad('error:')), ...more, wrap(hint, stderr.columns, '  ')];
    stderr.write(`${lines.join('\n')}\n`);
  };
  if (signal.aborted) {
    if (error instanceof CliError) say(error.message, error.hint);
    else say('Interrupted.', 'Nothing had been done that could be kept.');
    return EXIT.interrupted;
  }
  if (error instanceof CliError) {
    say(error.message, error.hint);
    return EXIT.usage;
  }
  if (error instanceof OverconfidenceError) {
    const { fix, message } = error;
    say(message.slice(0, message.length - fix.length).trim(), fix);
    return EXIT.usage;
  }
  say(messageOf(error), 'This was not expected. If the model and the options are right, please report it.');
  return EXIT.unexpected;
}
