import type { ToWorker } from './messages';
import { workerThreads } from './nodeModules';
import { serve } from './serve';

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
