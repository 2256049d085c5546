import type { AttackStep } from '../attacks/types';
import type { OverconfidenceError } from '../core/errors';
import type { AnswerTo, FromWorker, NewWeights, ToWorker, WorkerAnswer, WorkerRequest } from './messages';
import { fromPlainError, workerFailed } from './plainError';
import type { NodeWorker, WebWorker } from './types';

/** Why a worker does no more, in the words of the function that asks. */
type Reason = (fn: string) => OverconfidenceError;

/** One worker as the pool holds it; it answers one request at a time. */
export interface WorkerHandle {
  /** Sends a request; rejects if that fails or if the worker ends. */
  readonly run: <T extends WorkerRequest>(
    fn: string,
    request: T,
    onStep?: (at: AttackStep) => void,
  ) => Promise<AnswerTo<T>>;
  /** Has the weights replaced, before the requests to come. */
  readonly load: (weights: NewWeights) => void;
  readonly isBusy: () => boolean;
  readonly hasEnded: () => boolean;
  /** Ends the worker at once, whatever it is doing; a request without an answer is rejected with the reason. */
  readonly end: (reason: Reason) => Promise<unknown>;
}

/** Who waits for the answer to the request that was sent last. */
interface Pending {
  readonly fn: string;
  readonly resolve: (answer: WorkerAnswer) => void;
  readonly reject: (error: OverconfidenceError) => void;
  readonly onStep: ((at: AttackStep) => void) | undefined;
}

/** Takes charge of a worker that has just been started. */
export function workerHandle(worker: NodeWorker | WebWorker): WorkerHandle {
  let pending: Pending | undefined;
  let ended: Reason | undefined;

  const settle = (act: (waiting: Pending) => void) => {
    const waiting = pending;
    pending = undefined;
    port.hold(false);
    if (waiting !== undefined) act(waiting);
  };
  const end = (reason: Reason): Promise<unknown> => {
    ended ??= reason;
    settle(({ fn, reject }) => reject(reason(fn)));
    return port.terminate();
  };
  const message = (said: FromWorker) => {
    if (said.kind === 'step') pending?.onStep?.(said.at);
    else if (said.kind === 'done') settle(({ resolve }) => resolve(said.answer));
    // After a failure the copy of the model may be half-way through a change, so the worker goes.
    else end((fn) => fromPlainError(fn, said.error));
  };
  const port = openPort(worker, { message, ended: (how, cause) => end((fn) => workerFailed(fn, how, cause)) });
  port.hold(false);

  return {
    run: (fn, request, onStep) =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) {
          reject(ended(fn));
          return;
        }
        pending = { fn, resolve: resolve as Pending['resolve'], reject, onStep };
        port.hold(true);
        port.post({ kind: 'request', request }, buffersOf(request));
      }),
    load: (weights) => port.post(weights, []),
    isBusy: () => pending !== undefined,
    hasEnded: () => ended !== undefined,
    end,
  };
}

/** The memory of a request's blocks, which is handed over instead of copied. */
function buffersOf(request: WorkerRequest): ArrayBuffer[] {
  if (request.kind === 'setup') return [];
  const labels =
    request.kind === 'attack' && typeof request.objective === 'object' ? request.objective.labels : undefined;
  const blocks = request.kind === 'gradients' ? [request.x, request.y, request.noise] : [request.x, labels];
  return blocks.flatMap((block) => (block?.values.buffer instanceof ArrayBuffer ? [block.values.buffer] : []));
}

/** A worker's end of the line, the same for Node and browsers. */
interface Port {
  readonly post: (message: ToWorker, transfer: ArrayBuffer[]) => void;
  /** Whether the process must live on for this worker. */
  readonly hold: (held: boolean) => void;
  readonly terminate: () => Promise<unknown>;
}

/** Who is told what a worker says, and that it can say no more. */
interface Listener {
  readonly message: (message: FromWorker) => void;
  readonly ended: (how: string, cause?: unknown) => void;
}

/** Listens to a worker. */
function openPort(worker: NodeWorker | WebWorker, listener: Listener): Port {
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
