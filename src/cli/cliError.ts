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
