import type { Worker } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { pgdLinf } from '../../src/index';
import type { TrainingPool } from '../../src/parallel/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { tinyBatch, tinyMlp } from '../support/smallModels';
import { failureOf } from './failureOf';
import { type Failure, sourceWorker, startPool } from './startPool';

const model = tinyMlp();
const batch = tinyBatch(8);
/** An attack that does not end before the test does. */
const long = { steps: 1_000_000 };
const workerFailed = { code: 'WORKER_FAILED', argument: 'workers' } as const;

async function expectWorks(pool: TrainingPool): Promise<void> {
  const expected = pgdLinf(model, batch.x, { steps: 3 });
  const { adversarial, objective } = await pool.pgdLinf(batch.x, { steps: 3 });
  expect(await adversarial.data()).toEqual(await expected.adversarial.data());
  tf.dispose([adversarial, objective, expected.adversarial, expected.objective]);
}

/** A pool of which the worker that is started first fails, and none after it. */
function poolThatFails(failure: Failure, fails = 1): Promise<TrainingPool> {
  let started = 0;
  return startPool(model, { createWorker: () => sourceWorker(started++ < fails ? failure : undefined) });
}

describe('a worker that fails', () => {
  it.each([
    ['exit', 'exit code 7', undefined],
    ['throw', 'out of luck', 'out of luck'],
  ] as const)('at work by %s is reported with its cause, and the next call works', async (how, got, cause) => {
    const pool = await poolThatFails({ at: 'attack', how });
    const failure = await expectNoLeak(() => failureOf(pool.pgdLinf(batch.x, long)));
    expect(failure).toMatchObject({ ...workerFailed, fn: 'pgdLinf' });
    expect(failure.got).toContain(got);
    if (cause !== undefined) expect(String(failure.cause)).toContain(cause);
    await expectNoLeak(() => expectWorks(pool));
  });

  it('between two calls is replaced', async () => {
    const workers: Worker[] = [];
    const createWorker = () => {
      workers.push(sourceWorker());
      return workers.at(-1)!;
    };
    const pool = await startPool(model, { createWorker });
    await workers[0]!.terminate();
    await expectWorks(pool);
    expect(workers).toHaveLength(3);
  });

  it('in the middle of a step leaves the model and the optimizer as they were', async () => {
    const pool = await poolThatFails({ at: 'gradients', how: 'exit' });
    const optimizer = tf.train.sgd(0.1);
    const before = await model.getWeights()[0]!.data();
    const failure = await expectNoLeak(() => failureOf(pool.acetStep(optimizer, batch, { steps: 2 })));
    expect(failure).toMatchObject({ ...workerFailed, fn: 'acetStep' });
    expect(await model.getWeights()[0]!.data()).toEqual(before);
    optimizer.dispose();
  });

  it('at its start makes createTrainingPool reject', async () => {
    const failure = await failureOf(poolThatFails({ at: 'setup', how: 'exit' }));
    expect(failure).toMatchObject({ ...workerFailed, fn: 'createTrainingPool' });
  });

  it('when it replaces another makes the call reject, and the call after that works', async () => {
    const pool = await poolThatFails({ at: 'attack', how: 'exit' }, 4);
    await failureOf(pool.pgdLinf(batch.x, long));
    expect((await failureOf(pool.pgdLinf(batch.x, long))).code).toBe('WORKER_FAILED');
    await expectWorks(pool);
  });
});
