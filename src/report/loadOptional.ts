import { OverconfidenceError } from '../core/errors';

/** Imports an optional package, or says how to install it. */
export async function loadOptional<T>(fn: string, name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new OverconfidenceError({
      code: 'MISSING_DEPENDENCY',
      fn,
      argument: name,
      expected: 'installed: it is an optional dependency that only pictures need',
      got: `an import that failed (${cause instanceof Error ? cause.message : String(cause)})`,
      fix: `Run: npm install ${name}`,
      cause,
    });
  }
}
