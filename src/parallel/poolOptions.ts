import type { LayersModel } from '@tensorflow/tfjs-layers';
import { isLayersModel } from '../classifier/walkLayers';
import { checkFunction, checkOneOf, checkWhole, refuse, show } from '../core/check';
import { availableParallelism } from './nodeModules';
import { startWorker } from './startWorker';
import type { NodeWorker, PoolBackend, TrainingPoolOptions, WebWorker } from './types';

const fn = 'createTrainingPool';

/** The options of a pool with the defaults filled in; those of the classifier are checked with it. */
export interface ResolvedPool {
  readonly workers: number;
  readonly backend: PoolBackend;
  readonly winograd: boolean;
  readonly wasmPaths: string | undefined;
  readonly createWorker: () => NodeWorker | WebWorker;
}

/** Checks what a pool is told. */
export function resolvePool(model: LayersModel, options: TrainingPoolOptions): ResolvedPool {
  const { workers = availableParallelism(), backend = 'wasm', winograd = true, wasmPaths } = options;
  const { createWorker = startWorker } = options;
  if (!isLayersModel(model))
    refuse(
      { fn, argument: 'model' },
      'UNSUPPORTED_MODEL',
      'a LayersModel',
      show(model),
      'Other models cannot be copied to other threads: use the functions of the main entry.',
    );
  checkWhole({ fn, argument: 'workers' }, workers);
  checkOneOf({ fn, argument: 'backend' }, backend, ['cpu', 'wasm', 'webgl', 'webgpu']);
  checkFunction({ fn, argument: 'createWorker' }, createWorker);
  return { workers, backend, winograd, wasmPaths, createWorker };
}
