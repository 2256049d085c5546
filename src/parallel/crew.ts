import type { AttackStep } from '../attacks/types';
import { throwIfAborted } from '../core/abort';
import { type Colleague, colleague } from './colleague';
import type { SetupTask, ShardOf, Task } from './messages';
import { poolDisposed, workerFailed } from './plainError';
import type { SharedWeights } from './sharedWeights';
import type { NodeWorker, WebWorker } from './types';

/** What goes along with work. */
export interface Control {
  readonly signal?: AbortSignal | undefined;
  /** Told of every step of every task; `which` is the place of the task in the list. */
  readonly onStep?: ((which: number, at: AttackStep) => void) | undefined;
}

/** The workers of a pool. Workers that have ended are replaced when there is work again. */
export interface Crew {
  readonly size: number;
  /**
   * Does one task on each of as many workers, with the weights that the model has now. When one task fails, or the signal
   * fires, or `onStep` throws, the others are stopped and the first reason is what the promise is rejected with.
   */
  readonly run: <T extends Task>(fn: string, tasks: readonly T[], control: Control) => Promise<ShardOf<T>[]>;
  /** Refuses work once the crew has been disposed. */
  readonly check: (fn: string) => void;
  readonly dispose: () => Promise<void>;
}

/** What a crew is made of. */
interface Making {
  readonly size: number;
  readonly setup: SetupTask;
  readonly weights: SharedWeights;
  readonly createWorker: () => NodeWorker | WebWorker;
}

/** Makes a crew and waits until all of its workers are ready. */
export async function makeCrew(fn: string, { size, setup, weights, createWorker }: Making): Promise<Crew> {
  const colleagues: Colleague[] = [];
  let disposed = false;

  const check = (asking: string) => {
    if (disposed) throw poolDisposed(asking);
  };
  const start = async (asking: string, place: number) => {
    const fresh = colleague(started(asking, createWorker));
    colleagues[place] = fresh;
    await fresh.run(asking, setup);
    fresh.load(weights.all());
  };
  const staff = async (asking: string, count: number) => {
    const missing = Array.from({ length: count }, (_, place) => place).filter(
      (place) => colleagues[place]?.hasEnded() ?? true,
    );
    await Promise.all(missing.map((place) => start(asking, place)));
  };
  const stopBusy = () => {
    for (const one of colleagues)
      if (one.isBusy()) one.end((asking) => workerFailed(asking, 'a worker that was stopped'));
  };
  const dispose = async () => {
    disposed = true;
    await Promise.all(colleagues.map((one) => one.end(poolDisposed)));
  };
  const work = async <T extends Task>(asking: string, tasks: readonly T[], { signal, onStep }: Control) => {
    await staff(asking, tasks.length);
    const fresh = await weights.refresh();
    if (fresh.changed.length > 0) for (const one of colleagues) if (!one.hasEnded()) one.load(fresh);
    throwIfAborted(asking, signal);
    return Promise.all(tasks.map((task, i) => colleagues[i]!.run(asking, task, onStep && ((at) => onStep(i, at)))));
  };
  const run: Crew['run'] = async (asking, tasks, { signal, onStep }) => {
    check(asking);
    throwIfAborted(asking, signal);
    const stop = stopper();
    const guarded: Control['onStep'] = onStep && ((which, at) => stop.attempt(() => onStep(which, at)));
    const onAbort = () => stop.attempt(() => throwIfAborted(asking, signal));
    signal?.addEventListener('abort', onAbort);
    const working = work(asking, tasks, { signal, onStep: guarded });
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
    await staff(fn, size);
  } catch (error) {
    await dispose();
    throw error;
  }
  return { size, run, check, dispose };
}

function started(fn: string, createWorker: () => NodeWorker | WebWorker): NodeWorker | WebWorker {
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
