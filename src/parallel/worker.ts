import { workerThreads } from '../core/nodeModules';
import type { FromWorker, ToWorker, WorkerAnswer, WorkerRequest } from './messages';
import { toPlainError } from './plainError';
import { workerBackend } from './workerBackend';
import { attack, build, type Copy, gradients, load, logits } from './workerRequests';

/** The script of a worker; it is built into `dist/parallelWorker.js`. */
const port = workerThreads()?.parentPort;
if (port) {
  port.on(
    'message',
    serve((message, transfer) => port.postMessage(message, transfer)),
  );
} else {
  const answer = serve((message, transfer) => self.postMessage(message, { transfer }));
  self.addEventListener('message', (event: MessageEvent<ToWorker>) => answer(event.data));
}

/** Sends a message to the pool. */
type Say = (message: FromWorker, transfer: ArrayBuffer[]) => void;

/** The work of a worker: takes messages one after the other and answers requests. */
function serve(say: Say): (message: ToWorker) => void {
  let copy: Copy | undefined;
  let last: Promise<void> = Promise.resolve();

  const done = async (request: WorkerRequest): Promise<WorkerAnswer> => {
    if (request.kind === 'setup') {
      await workerBackend(request);
      copy = await build(request);
      return { kind: 'setup' };
    }
    if (request.kind === 'attack') return attack(copy!, request, (at) => say({ kind: 'step', at }, []));
    return request.kind === 'gradients' ? gradients(copy!, request) : logits(copy!, request);
  };
  const handle = async (message: ToWorker) => {
    try {
      if (message.kind === 'weights') load(copy!, message);
      else {
        const answer = await done(message.request);
        say({ kind: 'done', answer }, buffersOf(answer));
      }
    } catch (error) {
      say({ kind: 'failed', error: toPlainError(error) }, []);
    }
  };
  return (message) => {
    last = last.then(() => handle(message));
  };
}

/** The memory of an answer, which is handed over instead of copied. */
function buffersOf(answer: WorkerAnswer): ArrayBuffer[] {
  if (answer.kind === 'setup') return [];
  if (answer.kind === 'logits') return [answer.values.buffer as ArrayBuffer];
  const blocks =
    answer.kind === 'attack'
      ? [answer.adversarial, answer.objective]
      : [...answer.grads, ...answer.changed.map(({ value }) => value)];
  return blocks.map(({ values }) => values.buffer as ArrayBuffer);
}
