import type { FromWorker, Shard, Task, ToWorker } from './messages';
import { toPlainError } from './plainError';
import { workerBackend } from './workerBackend';
import { attack, build, type Copy, gradients, load, logits } from './workerTasks';

/** Sends a message to the pool. */
export type Say = (message: FromWorker, transfer: ArrayBuffer[]) => void;

/** The work of a worker: takes messages one after the other and answers tasks. */
export function serve(say: Say): (message: ToWorker) => void {
  let copy: Copy | undefined;
  let last: Promise<void> = Promise.resolve();

  const done = async (task: Task): Promise<Shard> => {
    if (task.kind === 'setup') {
      await workerBackend(task);
      copy = await build(task);
      return { kind: 'setup' };
    }
    if (task.kind === 'attack') return attack(copy!, task, (at) => say({ kind: 'step', at }, []));
    return task.kind === 'gradients' ? gradients(copy!, task) : logits(copy!, task);
  };
  const handle = async (message: ToWorker) => {
    try {
      if (message.kind === 'weights') load(copy!, message);
      else {
        const shard = await done(message.task);
        say({ kind: 'done', shard }, buffersOf(shard));
      }
    } catch (error) {
      say({ kind: 'failed', error: toPlainError(error) }, []);
    }
  };
  return (message) => {
    last = last.then(() => handle(message));
  };
}

/** The memory of a result, which is handed over instead of copied. */
function buffersOf(shard: Shard): ArrayBuffer[] {
  if (shard.kind === 'setup') return [];
  if (shard.kind === 'logits') return [shard.values.buffer as ArrayBuffer];
  const blocks =
    shard.kind === 'attack'
      ? [shard.adversarial, shard.objective]
      : [...shard.grads, ...shard.changed.map(({ value }) => value)];
  return blocks.map(({ values }) => values.buffer as ArrayBuffer);
}
