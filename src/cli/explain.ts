import { OverconfidenceError } from '../core/errors';
import { CliError, Interrupted, messageOf } from './cliError';
import { EXIT, type ExitCode } from './command';
import type { Io } from './io';
import { styleOf, wrap } from './print/text';

/** Says what went wrong in words, without a stack. */
export function explain(error: unknown, { stderr, env }: Io): ExitCode {
  const { bad, warning } = styleOf(stderr, env);
  const say = (head: string, paint: (text: string) => string, text: string, hint: string) => {
    const lines = wrap(`${head} ${text}`, stderr.columns).replace(head, paint(head));
    stderr.write(`${lines}\n${wrap(hint, stderr.columns, '  ')}\n`);
  };
  if (error instanceof Interrupted) {
    say('stopped:', warning, error.message, error.hint);
    return EXIT.interrupted;
  }
  if (error instanceof OverconfidenceError && error.code === 'ABORTED') {
    say('stopped:', warning, 'It was too early for anything to be kept.', 'Run it again.');
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
