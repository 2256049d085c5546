import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { AttackStep } from '../attacks/types';
import type { Classifier } from '../classifier/types';
import { throwIfAborted } from '../core/abort';
import type { AnswerTo, SetupRequest, WorkerRequest } from './messages';
import { poolDisposed, workerFailed } from './plainError';
import type { SharedWeights } from './sharedWeights';
import type { NodeWorker, WebWorker } from './types';
import { type WorkerHandle, workerHandle } from './workerHandle';

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
