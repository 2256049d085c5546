import type { FromWorker, ToWorker } from './messages';
import type { NodeWorker, WebWorker } from './types';

/** A worker's end of the line, the same for Node and browsers. */
export interface Port {
  readonly post: (message: ToWorker, transfer: ArrayBuffer[]) => void;
  /** Whether the process must live on for this worker. */
  readonly hold: (held: boolean) => void;
  readonly terminate: () => Promise<unknown>;
}

/** Who is told what a worker says, and that it can say no more. */
export interface Listener {
  readonly message: (message: FromWorker) => void;
  readonly ended: (how: string, cause?: unknown) => void;
}

/** Listens to a worker. */
export function openPort(worker: NodeWorker | WebWorker, listener: Listener): Port {
  return 'on' in worker ? nodePort(worker, listener) : webPort(worker, listener);
}

function nodePort(worker: NodeWorker, { message, ended }: Listener): Port {
  worker.on('message', (value) => message(value as FromWorker));
  worker.on('error', (error) => ended(`a worker that an error ended (${textOf(error)})`, error));
  worker.on('messageerror', (error) => ended('an answer that could not be read', error));
  worker.on('exit', (code) => ended(`a worker that ended with exit code ${code}`));
  return {
    post: (value, transfer) => worker.postMessage(value, transfer),
    hold: (held) => (held ? worker.ref() : worker.unref()),
    terminate: () => worker.terminate(),
  };
}

function webPort(worker: WebWorker, { message, ended }: Listener): Port {
  worker.addEventListener('message', (event) => message((event as MessageEvent<FromWorker>).data));
  worker.addEventListener('messageerror', () => ended('an answer that could not be read'));
  worker.addEventListener('error', (event) => {
    const { error } = event as ErrorEvent;
    ended(`a worker that an error ended (${textOf(event)})`, error ?? undefined);
  });
  return {
    post: (value, transfer) => worker.postMessage(value, transfer),
    hold: () => {},
    terminate: async () => worker.terminate(),
  };
}

/** The message of an error or an error event; a script that was not found has none in browsers. */
function textOf(error: unknown): string {
  const message = error !== null && typeof error === 'object' && 'message' in error ? error.message : error;
  return typeof message === 'string' ? message : 'without a message';
}
