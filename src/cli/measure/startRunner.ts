import { type Runner, thisProcess } from '../../evaluation/runner';
import { createTrainingPool } from '../../parallel/createTrainingPool';
import type { Values } from '../args/optionTable';
import { whole } from '../args/read';
import { CliError } from '../cliError';
import type { LoadedModel } from '../load/loadModel';
import type { BackendName } from '../load/startBackend';
import { workerRunner } from './workerRunner';

/** Who does the heavy work, and how they are sent home. */
export interface StartedRunner {
  readonly runner: Runner;
  readonly dispose: () => Promise<void>;
}

/** This thread, or as many workers as `--workers` says. */
export async function startRunner(model: LoadedModel, values: Values, backend: BackendName): Promise<StartedRunner> {
  const workers = whole(values, 'workers', 0, 0);
  if (workers === 0) return { runner: thisProcess, dispose: async () => {} };
  const { layers, classifier, outputs } = model;
  if (layers === undefined)
    throw new CliError('Workers take a LayersModel, and this is a GraphModel.', 'Leave --workers out, or use --shard.');
  if (backend !== 'wasm' && backend !== 'cpu')
    throw new CliError(`Workers run on wasm or cpu, not on ${backend}.`, 'Leave --workers out.');
  const { bounds, inputShape } = classifier;
  const pool = await createTrainingPool(layers, { workers, backend, bounds, inputShape, outputs });
  return { runner: workerRunner(pool), dispose: pool.dispose };
}
