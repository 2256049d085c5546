import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Debian's interpreter, because the packages below are Debian's; `BENCH_PYTHON` names another. */
const PYTHON = process.env.BENCH_PYTHON ?? '/usr/bin/python3';

/** A Python program that waits for commands, so that its repeats can alternate with ours. */
export interface Peer {
  /** Versions of its libraries, such as `PyTorch 1.13.0`. */
  readonly versions: Readonly<Record<string, string>>;
  /** Sends a command and waits for the answer. */
  ask(command: string, fields?: object): Promise<Answer>;
  /** Ends the program. */
  close(): void;
}

/** What a command answers. */
export interface Answer {
  /** Milliseconds of the work alone, taken inside the peer. */
  readonly ms: number;
  readonly [field: string]: unknown;
}

/** Starts `bench/peers/<name>.py`; where it cannot run, says in words what is missing and returns `undefined`. */
export async function startPeer(name: string, packages: string, threads = 1): Promise<Peer | undefined> {
  const child = spawn(PYTHON, [fileURLToPath(new URL(`../peers/${name}.py`, import.meta.url))], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PYTHONDONTWRITEBYTECODE: '1',
      OMP_NUM_THREADS: String(threads),
      OPENBLAS_NUM_THREADS: String(threads),
    },
  });
  let complaint = '';
  child.stderr.on('data', (text) => {
    complaint += String(text);
  });
  child.on('error', (error) => {
    complaint += error.message;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (): Promise<Answer> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`The peer ${name} ended: ${complaint.trim().split('\n').at(-1)}`);
    const answer: Answer = JSON.parse(value);
    if (typeof answer.error === 'string') throw new Error(`The peer ${name} failed: ${answer.error}`);
    return answer;
  };
  try {
    const { versions } = await read();
    return {
      versions: versions as Record<string, string>,
      ask(command, fields = {}) {
        child.stdin.write(`${JSON.stringify({ command, ...fields })}\n`);
        return read();
      },
      close: () => child.stdin.end(),
    };
  } catch (error) {
    console.error(`\n*** LEFT OUT: ${(error as Error).message}`);
    console.error(`*** Install ${packages} (Debian: apt-get install ${packages}), or name another interpreter in`);
    console.error('*** BENCH_PYTHON, and run again.\n');
    return undefined;
  }
}
