import { workerData } from 'node:worker_threads';

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

/** The world of this process, as its main thread sees it: others are told in `workerData` what its streams are. */
export function processIo(): Io {
  const [stdout = process.stdout, stderr = process.stderr] = (workerData ?? []) as Partial<Terminal>[];
  return {
    stdout: outputOf(process.stdout, stdout),
    stderr: outputOf(process.stderr, stderr),
    env: process.env,
  };
}

type Terminal = Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>;

function outputOf(stream: NodeJS.WriteStream, terminal: Partial<Terminal>): Output {
  return {
    write: (text) => {
      stream.write(visible(text));
    },
    isTTY: terminal.isTTY === true,
    get columns() {
      return Math.min(WIDEST, Math.max(NARROWEST, terminal.columns || WIDEST));
    },
  };
}

/** Sequences that this program writes itself: the marks of its styles and the start of its line of progress. */
const OWN = String.raw`\x1b\[(?:0|1|31|32|33)m|\r\x1b\[K`;
/** Characters that move the cursor, change the terminal or turn the order of letters about. */
const HIDDEN = String.raw`[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]`;
const SPECIAL = new RegExp(`${OWN}|${HIDDEN}`, 'g');

/** Text in which names from files of strangers cannot speak to the terminal: what is not to be seen is shown as JSON writes it. */
export function visible(text: string): string {
  return text.replace(SPECIAL, (found) =>
    found.length > 1 ? found : `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
