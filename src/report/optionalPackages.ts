import { refuseMissing } from '../core/nodeModules';

/** What all of them are needed for. */
const REASON = 'it is an optional dependency that only pictures need';

// Each import stands inside its own `try`: that is how bundlers know that a package need not be there.

/** Observable Plot, or a refusal that says how to install it. */
export async function importPlot(fn: string) {
  try {
    return await import('@observablehq/plot');
  } catch (cause) {
    return refuseMissing(fn, { name: '@observablehq/plot', reason: REASON }, cause);
  }
}

/** The document for places without one, or a refusal that says how to install it. */
export async function importLinkedom(fn: string) {
  try {
    return await import('linkedom');
  } catch (cause) {
    return refuseMissing(fn, { name: 'linkedom', reason: REASON }, cause);
  }
}

/** The writer of PNG files, or a refusal that says how to install it. */
export async function importFastPng(fn: string) {
  try {
    return await import('fast-png');
  } catch (cause) {
    return refuseMissing(fn, { name: 'fast-png', reason: REASON }, cause);
  }
}
