import type { OptionTable, Values } from './args/optionTable';
import type { ExitCode } from './exitCodes';
import type { Io } from './io';

/** What was written after the name of a command. */
export interface Arguments {
  /** Values of the options, by their name. */
  readonly values: Values;
  /** What is not an option, in order. */
  readonly files: readonly string[];
}

/** A command of the program. Its work is imported when it runs, so that help comes at once and needs no TensorFlow.js. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** What stands after the name of the program, for example `audit <model>`. */
  readonly usage: string;
  /** What it does, in a few lines. */
  readonly about: string;
  readonly options: OptionTable;
  /** Lines that can be copied. */
  readonly examples: readonly string[];
  readonly run: (io: Io, args: Arguments) => Promise<ExitCode>;
}
