import { refuse, type Where } from './check';

/**
 * The modules of Node that this library uses, without an import that bundlers for browsers would follow; elsewhere a
 * refusal that says `fix`.
 */
export function nodeModules(where: Where, fix: string) {
  if (!inNode()) refuse(where, 'INVALID_ARGUMENT', 'used in Node 20.16 or later', 'another platform', fix);
  return {
    fs: process.getBuiltinModule('node:fs/promises'),
    path: process.getBuiltinModule('node:path'),
    crypto: process.getBuiltinModule('node:crypto'),
    zlib: process.getBuiltinModule('node:zlib'),
  };
}

/** `node:worker_threads` where there is such; asked for in a way that bundlers for browsers do not stumble over. */
export function workerThreads(): typeof import('node:worker_threads') | undefined {
  return inNode() ? process.getBuiltinModule('node:worker_threads') : undefined;
}

/** How many threads can run at once. */
export function availableParallelism(): number {
  return inNode() ? process.getBuiltinModule('node:os').availableParallelism() : navigator.hardwareConcurrency;
}

/** Bytes of memory that this process may use: a limit of its container, or what the machine has. */
export function machineMemory(): number {
  if (!inNode()) return ('deviceMemory' in navigator ? Number(navigator.deviceMemory) : 4) * 2 ** 30;
  const total = process.getBuiltinModule('node:os').totalmem();
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, total) : total;
}

/** Whether this is Node, and not a browser. */
export function inNode(): boolean {
  return typeof process !== 'undefined' && typeof process.getBuiltinModule === 'function';
}
