import { EXIT } from './command';

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
