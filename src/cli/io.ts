/** Where text goes. */
export interface Output {
  readonly write: (text: string) => void;
  /** Whether a person watches. */
  readonly isTTY: boolean;
  /** Characters in a line. */
  readonly columns: number;
}

/** The world around a command. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const NARROWEST = 40;
const WIDEST = 100;

/** The world of this process. */
export function processIo(): Io {
  return { stdout: outputOf(process.stdout), stderr: outputOf(process.stderr), env: process.env };
}

function outputOf(stream: NodeJS.WriteStream): Output {
  return {
    write: (text) => {
      stream.write(text);
    },
    isTTY: stream.isTTY === true,
    get columns() {
      return Math.min(WIDEST, Math.max(NARROWEST, stream.columns || WIDEST));
    },
  };
}
