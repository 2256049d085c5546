import { workerThreads } from './nodeModules';
import type { NodeWorker, WebWorker } from './types';

/** The script that is built beside this one. */
const SCRIPT = './parallelWorker.js';

/**
 * Starts a worker. Bundlers for browsers know `new Worker(new URL('...', import.meta.url))`, written out like this, and
 * bundle the script; with its name in a constant it is left alone, as Node wants it.
 */
export function startWorker(): NodeWorker | WebWorker {
  const threads = workerThreads();
  return threads === undefined
    ? new Worker(new URL('./parallelWorker.js', import.meta.url), { type: 'module' })
    : new threads.Worker(new URL(SCRIPT, import.meta.url));
}
