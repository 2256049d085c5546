import { Worker } from 'node:worker_threads';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterAll } from 'vitest';
import { once } from '../../src/core/once';
import type { Classifier } from '../../src/index';
import { createTrainingPool, type TrainingPool, type TrainingPoolOptions } from '../../src/parallel/index';
import { bundle } from '../support/bundle';

/** When and how a worker fails. */
export interface Failure {
  readonly at: 'setup' | 'attack' | 'gradients' | 'logits';
  readonly how: 'exit' | 'throw';
}

/** What a worker that is to fail does besides, when it gets a request of the kind `at`. */
const FAILING = `
const { parentPort, workerData } = require('node:worker_threads');
const fail = { exit: () => process.exit(7), throw: () => { throw new Error('out of luck'); } };
if (workerData) parentPort.on('message', ({ request }) => {
  if (request?.kind === workerData.at) fail[workerData.how]();
});`;

/** The script of the workers from the sources. */
const script = once(() => bundle(new URL('../../src/parallel/worker.ts', import.meta.url)) + FAILING);

/** Starts a worker whose code comes from the sources, not from the built package. */
export function sourceWorker(failure?: Failure): Worker {
  return new Worker(script(), { eval: true, workerData: failure ?? null });
}

/** A pool of two workers from the sources, disposed after the tests of the file. */
export async function startPool(
  model: LayersModel | Classifier,
  options: TrainingPoolOptions = {},
): Promise<TrainingPool> {
  const pool = await createTrainingPool(model, {
    workers: 2,
    backend: 'cpu',
    createWorker: () => sourceWorker(),
    ...options,
  });
  afterAll(() => pool.dispose());
  return pool;
}
