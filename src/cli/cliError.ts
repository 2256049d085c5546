import { EXIT } from './command';

/** Something that the user can put right: wrong usage, or a file that cannot be used. */
export class CliError extends Error {
  override readonly name = 'CliError';
  /** What to do about it, as a sentence. */
  readonly hint: string;

  constructor(message: string, hint: string, cause?: unknown) {
    super(message, { cause });
    this.hint = hint;
  }
}

/** The user stopped the program; the message says what is kept. */
export class Interrupted extends CliError {}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** From now on the first Ctrl-C, or SIGTERM, fires this signal; the second ends the program as soon as it is heard. */
export function catchInterrupts(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(EXIT.interrupted);
      controller.abort(name);
    });
  return controller.signal;
}
