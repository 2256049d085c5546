/** `node:worker_threads` where there is such; asked for in a way that bundlers for browsers do not stumble over. */
export function workerThreads(): typeof import('node:worker_threads') | undefined {
  return inNode() ? process.getBuiltinModule('node:worker_threads') : undefined;
}

/** How many threads can run at once. */
export function availableParallelism(): number {
  return inNode() ? process.getBuiltinModule('node:os').availableParallelism() : navigator.hardwareConcurrency;
}

function inNode(): boolean {
  return typeof process !== 'undefined' && typeof process.getBuiltinModule === 'function';
}
