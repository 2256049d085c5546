import { refuse, type Where } from './check';
import { OverconfidenceError } from './errors';

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

/** An optional package: its name, what it is needed for as a clause, and what is to be installed for it besides. */
interface OptionalPackage {
  readonly name: string;
  /** For example `it reads PNG files`. */
  readonly reason: string;
  /** All packages that are to be installed. @defaultValue its name */
  readonly install?: string;
}

/** Loads a package that need not be installed, or refuses and says how to install it; `fn` names who asks. */
export async function importOptional<T>(fn: string, wanted: OptionalPackage, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    return refuseMissing(fn, wanted, cause);
  }
}

/** The refusal alone, for code that bundlers must see to import a package inside a `try`: then they let it be missing. */
export function refuseMissing(fn: string, { name, reason, install = name }: OptionalPackage, cause: unknown): never {
  const message = cause instanceof Error ? cause.message : String(cause);
  throw new OverconfidenceError({
    code: 'MISSING_DEPENDENCY',
    fn,
    argument: name,
    expected: `installed: ${reason}`,
    got: message.includes(`'${name}'`)
      ? `nothing: ${name} is not installed`
      : `an import that failed (${message.split('\n')[0]})`,
    fix: `Run: npm install ${install}`,
    cause,
  });
}
