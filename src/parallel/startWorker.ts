import { workerThreads } from './nodeModules';
import type { NodeWorker, WebWorker } from './types';

/** Starts the script that is built beside this one. Bundlers know `new Worker(new URL(...))` and bundle the script. */
export function startWorker(): NodeWorker | WebWorker {
  const threads = workerThreads();
  return threads === undefined
    ? new Worker(new URL('./parallelWorker.js', import.meta.url), { type: 'module' })
    : new threads.Worker(new URL('./parallelWorker.js', import.meta.url));
}
