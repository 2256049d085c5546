import type { AttackStep } from '../attacks/types';
import type { OverconfidenceError } from '../core/errors';
import type { FromWorker, NewWeights, Shard, ShardOf, Task } from './messages';
import { fromPlainError, workerFailed } from './plainError';
import { openPort } from './port';
import type { NodeWorker, WebWorker } from './types';

/** Why a worker does no more, in the words of the function that asks. */
type Reason = (fn: string) => OverconfidenceError;

/** One worker, which does one task at a time. */
export interface Colleague {
  /** Does a task; rejects if that fails or if the worker ends. */
  readonly run: <T extends Task>(fn: string, task: T, onStep?: (at: AttackStep) => void) => Promise<ShardOf<T>>;
  /** Has the weights replaced, before the tasks to come. */
  readonly load: (weights: NewWeights) => void;
  readonly isBusy: () => boolean;
  readonly hasEnded: () => boolean;
  /** Ends the worker at once, whatever it is doing; a task at work is rejected with the reason. */
  readonly end: (reason: Reason) => Promise<unknown>;
}

/** The task at work and who waits for it. */
interface Pending {
  readonly fn: string;
  readonly resolve: (shard: Shard) => void;
  readonly reject: (error: OverconfidenceError) => void;
  readonly onStep: ((at: AttackStep) => void) | undefined;
}

/** Takes charge of a worker that has just been started. */
export function colleague(worker: NodeWorker | WebWorker): Colleague {
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
    else if (said.kind === 'done') settle(({ resolve }) => resolve(said.shard));
    // After a failure the copy of the model may be half-way through a change, so the worker goes.
    else end((fn) => fromPlainError(fn, said.error));
  };
  const port = openPort(worker, { message, ended: (how, cause) => end((fn) => workerFailed(fn, how, cause)) });
  port.hold(false);

  return {
    run: (fn, task, onStep) =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) {
          reject(ended(fn));
          return;
        }
        pending = { fn, resolve: resolve as Pending['resolve'], reject, onStep };
        port.hold(true);
        port.post({ kind: 'task', task }, buffersOf(task));
      }),
    load: (weights) => port.post(weights, []),
    isBusy: () => pending !== undefined,
    hasEnded: () => ended !== undefined,
    end,
  };
}

/** The memory of a task's blocks, which is handed over instead of copied. */
function buffersOf(task: Task): ArrayBuffer[] {
  if (task.kind === 'setup') return [];
  const labels = task.kind === 'attack' && typeof task.objective === 'object' ? task.objective.labels : undefined;
  const blocks = task.kind === 'gradients' ? [task.x, task.y, task.noise] : [task.x, labels];
  return blocks.flatMap((block) => (block?.values.buffer instanceof ArrayBuffer ? [block.values.buffer] : []));
}
