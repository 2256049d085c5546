import type { OptionTable, Values } from './args/options';
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

/** What the program's exit code means. */
export const EXIT = {
  /** All went well, and no threshold was broken. */
  fine: 0,
  /** A threshold such as `--max-mmc` was broken, or a training brought nothing worth saving. */
  broken: 1,
  /** Wrong usage, or a file or an option that cannot be used. */
  usage: 2,
  /** An error that the program did not expect, or a measurement that failed where no threshold was asked for. */
  failed: 3,
  /** Interrupted; what was done so far is saved. As shells have it: 128 and the number of SIGINT. */
  interrupted: 130,
} as const;

/** One of the exit codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
