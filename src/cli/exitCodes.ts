/** What the program's exit code means. */
export const EXIT = {
  /** All went well, and no threshold was broken. */
  fine: 0,
  /** A threshold such as `--max-mmc` was broken. */
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
