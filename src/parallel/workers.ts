import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { AttackStep } from '../attacks/types';
import type { Classifier } from '../classifier/types';
import type { OverconfidenceError } from '../core/errors';
import { throwIfAborted } from '../core/pausing';
import {
  type AnswerTo,
  type FromWorker,
  fromPlainError,
  type NewWeights,
  poolDisposed,
  type SetupRequest,
  type ToWorker,
  type WorkerAnswer,
  type WorkerRequest,
  workerFailed,
} from './messages';
import type { SharedWeights } from './modelParts';
import type { NodeWorker, WebWorker } from './types';

/** A model and the workers that have copies of it. */
export interface Pool {
  readonly workers: Workers;
  readonly model: LayersModel;
  readonly net: Classifier;
  /** All variables of the model, in the order in which workers know them. */
  readonly variables: readonly tf.Variable[];
}

/** The public function that is at work, and what may stop it. */
export interface Call {
  readonly fn: string;
  readonly signal: AbortSignal | undefined;
}

/** What goes along with requests. */
export interface Control {
  readonly signal?: AbortSignal | undefined;
  /** Told of every step of every request; `which` is the place of the request in the list. */
  readonly onStep?: ((which: number, at: AttackStep) => void) | undefined;
}

/** All workers of a pool. Those that have ended are replaced when there is work again. */
export interface Workers {
  readonly size: number;
  /**
   * Sends one request to each of as many workers, with the weights that the model has now. When one fails, or the signal fires,
   * or `onStep` throws, the others are stopped and the first reason is what the promise is rejected with.
   */
  readonly run: <T extends WorkerRequest>(
    fn: string,
    requests: readonly T[],
    control: Control,
  ) => Promise<AnswerTo<T>[]>;
  /** Refuses work once the workers have been disposed. */
  readonly check: (fn: string) => void;
  readonly dispose: () => Promise<void>;
}

/** What is needed to start a worker, now or later. */
interface Start {
  readonly size: number;
  readonly setup: SetupRequest;
  readonly weights: SharedWeights;
  readonly createWorker: () => NodeWorker | WebWorker;
}

/** Starts the workers and waits until all of them are ready. */
export async function startWorkers(fn: string, { size, setup, weights, createWorker }: Start): Promise<Workers> {
  const handles: WorkerHandle[] = [];
  let disposed = false;

  const check = (fn: string) => {
    if (disposed) throw poolDisposed(fn);
  };
  const startOne = async (fn: string, place: number) => {
    const fresh = workerHandle(created(fn, createWorker));
    handles[place] = fresh;
    await fresh.run(fn, setup);
    fresh.load(weights.all());
  };
  const startMissing = async (fn: string, count: number) => {
    const missing = Array.from({ length: count }, (_, place) => place).filter(
      (place) => handles[place]?.hasEnded() ?? true,
    );
    await Promise.all(missing.map((place) => startOne(fn, place)));
  };
  const stopBusy = () => {
    for (const one of handles) if (one.isBusy()) one.end((fn) => workerFailed(fn, 'a worker that was stopped'));
  };
  const dispose = async () => {
    disposed = true;
    await Promise.all(handles.map((one) => one.end(poolDisposed)));
  };
  const work = async <T extends WorkerRequest>(fn: string, requests: readonly T[], { signal, onStep }: Control) => {
    await startMissing(fn, requests.length);
    const fresh = await weights.refresh();
    if (fresh.changed.length > 0) for (const one of handles) if (!one.hasEnded()) one.load(fresh);
    throwIfAborted(fn, signal);
    return Promise.all(requests.map((request, i) => handles[i]!.run(fn, request, onStep && ((at) => onStep(i, at)))));
  };
  const run: Workers['run'] = async (fn, requests, { signal, onStep }) => {
    check(fn);
    throwIfAborted(fn, signal);
    const stop = stopper();
    const guarded: Control['onStep'] = onStep && ((which, at) => stop.attempt(() => onStep(which, at)));
    const onAbort = () => stop.attempt(() => throwIfAborted(fn, signal));
    signal?.addEventListener('abort', onAbort);
    const working = work(fn, requests, { signal, onStep: guarded });
    try {
      return await Promise.race([working, stop.failure]);
    } catch (error) {
      stopBusy();
      await Promise.allSettled([working]);
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  };

  try {
    await weights.refresh();
    await startMissing(fn, size);
  } catch (error) {
    await dispose();
    throw error;
  }
  return { size, run, check, dispose };
}

function created(fn: string, createWorker: () => NodeWorker | WebWorker): NodeWorker | WebWorker {
  try {
    return createWorker();
  } catch (cause) {
    throw workerFailed(fn, `a worker that could not be started (${String(cause)})`, cause);
  }
}

/** A promise that rejects with the first thing that is thrown in an attempt, and otherwise never settles. */
function stopper(): { readonly failure: Promise<never>; readonly attempt: (act: () => void) => void } {
  let fail: (reason: unknown) => void = () => {};
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const attempt = (act: () => void) => {
    try {
      act();
    } catch (error) {
      fail(error);
    }
  };
  return { failure, attempt };
}

/** Why a worker does no more, in the words of the function that asks. */
type Reason = (fn: string) => OverconfidenceError;

/** One worker as the pool holds it; it answers one request at a time. */
interface WorkerHandle {
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
function workerHandle(worker: NodeWorker | WebWorker): WorkerHandle {
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
