import { refuse, type Where } from './check';

/**
 * The modules of Node that this library uses, without an import that bundlers for browsers would follow; elsewhere a
 * refusal that says `fix`.
 */
export function nodeModules(where: Where, fix: string) {
  if (typeof process === 'undefined' || typeof process.getBuiltinModule !== 'function')
    refuse(where, 'INVALID_ARGUMENT', 'used in Node 20.16 or later', 'another platform', fix);
  return {
    fs: process.getBuiltinModule('node:fs/promises'),
    crypto: process.getBuiltinModule('node:crypto'),
    zlib: process.getBuiltinModule('node:zlib'),
  };
}
