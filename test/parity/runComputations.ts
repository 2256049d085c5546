import * as tf from '@tensorflow/tfjs-core';
import { checkEnvironment, type Environment } from '../../src/index';
import { computations } from './computations';
import type { Numbers } from './numbers';

/** What one computation gave on one backend; plain data that survives JSON, NaN and infinities as strings. */
export interface Outcome {
  /** Values by quantity; absent where it failed. */
  readonly numbers?: Record<string, readonly (number | string)[]>;
  /** Why it failed, and the code of a refusal. */
  readonly error?: { readonly message: string; readonly code: string | undefined };
  /** Tensors it left behind. */
  readonly leaked: number;
}

/** Outcomes by the name of the computation. */
export type Outcomes = Record<string, Outcome>;

/** What a backend made of the suite. */
export interface ParityRun {
  readonly environment: Environment;
  readonly outcomes: Outcomes;
}

/** Runs the computations of these names, by default all, on a backend that has been imported. */
export async function runComputations(backend: string, names?: readonly string[]): Promise<ParityRun> {
  if (!(await tf.setBackend(backend))) throw new Error(`The backend ${backend} does not start.`);
  const outcomes: Outcomes = {};
  for (const { name, run } of computations) {
    if (names?.includes(name) === false) continue;
    const before = tf.memory().numTensors;
    const result = await outcome(run);
    outcomes[name] = { ...result, leaked: tf.memory().numTensors - before };
  }
  return { environment: checkEnvironment(), outcomes };
}

async function outcome(run: () => Promise<Numbers>): Promise<Pick<Outcome, 'numbers' | 'error'>> {
  try {
    const numbers = Object.entries(await run()).map(([name, values]) => [name, values.map(plain)]);
    return { numbers: Object.fromEntries(numbers) };
  } catch (error) {
    const { code } = error as { code?: string };
    return { error: { message: String((error as Error).stack ?? error), code } };
  }
}

function plain(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}
