import { OverconfidenceError } from '../core/errors';

// Each import stands inside its own `try`: that is how bundlers know that a package need not be there.

/** Observable Plot, or a refusal that says how to install it. */
export async function importPlot(fn: string) {
  try {
    return await import('@observablehq/plot');
  } catch (cause) {
    return refuseMissing(fn, '@observablehq/plot', cause);
  }
}

/** The document for places without one, or a refusal that says how to install it. */
export async function importLinkedom(fn: string) {
  try {
    return await import('linkedom');
  } catch (cause) {
    return refuseMissing(fn, 'linkedom', cause);
  }
}

/** The writer of PNG files, or a refusal that says how to install it. */
export async function importFastPng(fn: string) {
  try {
    return await import('fast-png');
  } catch (cause) {
    return refuseMissing(fn, 'fast-png', cause);
  }
}

function refuseMissing(fn: string, name: string, cause: unknown): never {
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
