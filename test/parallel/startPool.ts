import { Worker } from 'node:worker_threads';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterAll } from 'vitest';
import { createTrainingPool, type TrainingPool, type TrainingPoolOptions } from '../../src/parallel/index';

/** When and how a worker fails. */
export interface Failure {
  readonly at: 'setup' | 'attack' | 'gradients' | 'logits';
  readonly how: 'exit' | 'throw';
}

/** Starts a worker whose code comes from the sources, not from the built package. */
export function sourceWorker(failure?: Failure): Worker {
  return new Worker(new URL('./fixtures/worker.mjs', import.meta.url), {
    workerData: failure ?? null,
  });
}

/** A pool of two workers from the sources, disposed after the tests of the file. */
export async function startPool(model: LayersModel, options: TrainingPoolOptions = {}): Promise<TrainingPool> {
  const pool = await createTrainingPool(model, {
    workers: 2,
    backend: 'cpu',
    createWorker: () => sourceWorker(),
    ...options,
  });
  afterAll(() => pool.dispose());
  return pool;
}
