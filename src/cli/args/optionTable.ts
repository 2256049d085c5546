/** An option of a command, as `--help` shows it. */
export interface OptionSpec {
  /** What follows the name, for example `FILE`; an option without it is a switch. */
  readonly value?: string;
  /** What it does, with its default. */
  readonly text: string;
  /** Whether it may be given several times. */
  readonly multiple?: boolean;
}

/** The options of a command by their names, in the order of the help. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** The values of options as they were written: true for a switch, a list for one that may come several times. */
export type Values = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;
