import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { acetStep, type PlainOptions, pgdLinf, plainStep } from '../../src/index';
import type { TrainingPool } from '../../src/parallel/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { tinyBatch, tinyMlp, weightsOf } from '../support/smallModels';
import { startPool } from './startPool';

const batch = tinyBatch(8);
/** An attack that does not end before the test does. */
const long = { steps: 1_000_000 };
const aborted = { code: 'ABORTED', argument: 'signal' } as const;
const disposed = { code: 'DISPOSED', argument: 'pool' } as const;

describe('a pooled call', () => {
  const model = tinyMlp();
  let pool: TrainingPool;
  beforeAll(async () => {
    pool = await startPool(model);
  });

  it('is stopped by its signal in the middle of an attack, and the next call works', async () => {
    const controller = new AbortController();
    const onStep = () => controller.abort(new Error('enough'));
    await expectRefusal(() => pool.pgdLinf(batch.x, { ...long, onStep, signal: controller.signal }), {
      ...aborted,
      fn: 'pgdLinf',
    });
    await expectRefusal(() => pool.pgdL2(batch.x, { signal: controller.signal }), { ...aborted, fn: 'pgdL2' });
    const optimizer = tf.train.sgd(0.1);
    const step = pool.acetStep(optimizer, batch, { ...long, signal: AbortSignal.timeout(50) });
    await expectRefusal(() => step, { ...aborted, fn: 'acetStep' });
    optimizer.dispose();
    const expected = pgdLinf(model, batch.x, { steps: 3 });
    const result = await pool.pgdLinf(batch.x, { steps: 3 });
    expect(await result.adversarial.data()).toEqual(await expected.adversarial.data());
  });

  it('is rejected with what its onStep throws', async () => {
    const onStep = () => {
      throw new RangeError('mine');
    };
    await expectNoLeak(() => expect(pool.apgdLinf(batch.x, { ...long, onStep })).rejects.toThrow(RangeError));
    await expectNoLeak(() => expect(pool.apgdLinf(batch.x, { ...long, onStep })).rejects.toThrow('mine'));
  });

  it('waits for the calls before it: steps started together are steps made one after the other', async () => {
    const alone = tinyMlp();
    const [mine, other] = [tf.train.sgd(0.1), tf.train.sgd(0.1)];
    const options = { steps: 2, epsilon: 0.1, seed: 3 };
    for (let i = 0; i < 3; i++) tf.dispose(acetStep(alone, mine, batch, options));
    const steps = Array.from({ length: 3 }, () => pool.acetStep(other, batch, options));
    tf.dispose(await Promise.all(steps));
    const expected = await weightsOf(alone);
    for (const [i, weight] of (await weightsOf(model)).entries()) expect(weight).toBeCloseTo(expected[i]!, 5);
    tf.dispose([mine, other].map((optimizer) => optimizer.dispose()));
  });

  it('refuses what the function of the same name refuses, without disturbing the workers', async () => {
    const optimizer = tf.train.sgd(0.1);
    const y = tf.tensor1d([5, 0, 0, 0, 0, 0, 0, 0], 'int32');
    const refused = (
      code: 'INVALID_OPTION' | 'INVALID_LABELS' | 'INVALID_SHAPE' | 'INVALID_ARGUMENT',
      fn: string,
      argument: string,
    ) => ({
      code,
      fn,
      argument,
    });
    await expectRefusal(() => pool.pgdLinf(batch.x, { epsilon: 0 }), refused('INVALID_OPTION', 'pgdLinf', 'epsilon'));
    await expectRefusal(() => pool.pgdL2(batch.x, { stepSize: -1 }), refused('INVALID_OPTION', 'pgdL2', 'stepSize'));
    await expectRefusal(() => pool.apgdLinf(batch.y), refused('INVALID_SHAPE', 'apgdLinf', 'x'));
    await expectRefusal(() => pool.cedaStep(optimizer, { x: batch.x, y }), refused('INVALID_LABELS', 'cedaStep', 'y'));
    await expectRefusal(
      () => pool.plainGradients(batch, { weightDecay: -1 }),
      refused('INVALID_OPTION', 'plainGradients', 'weightDecay'),
    );
    const used = tf.train.momentum(0.1, 0.9);
    tf.dispose(plainStep(tinyMlp(2), used, batch));
    await expectRefusal(() => pool.plainStep(used, batch), refused('INVALID_ARGUMENT', 'plainStep', 'optimizer'));
    used.dispose();
    await expectRefusal(
      () => pool.plainStep(optimizer, batch, { weightDekay: 1 } as PlainOptions),
      refused('INVALID_OPTION', 'plainStep', 'options'),
    );
    tf.dispose(y);
    optimizer.dispose();
  });

  it('takes { xs, ys }, and refuses a mixture', async () => {
    const [ours, theirs] = [batch, { xs: batch.x, ys: batch.y }];
    const results = [await pool.plainGradients(ours), await pool.plainGradients(theirs)];
    expect(await results[1]!.loss.data()).toEqual(await results[0]!.loss.data());
    for (const { grads, ...scalars } of results) tf.dispose([grads, { ...scalars }]);
    await expectRefusal(() => pool.plainGradients({ x: batch.x, ys: batch.y } as never), {
      code: 'INVALID_ARGUMENT',
      fn: 'plainGradients',
      argument: 'batch',
    });
  });
});

describe('dispose of a pool', () => {
  it('rejects what is at work and what waits, refuses what comes after, and may be called again', async () => {
    const pool = await startPool(tinyMlp());
    const optimizer = tf.train.sgd(0.1);
    const atWork = pool.pgdLinf(batch.x, { ...long, onStep: () => void pool.dispose() });
    const waiting = pool.acetStep(optimizer, batch);
    const settled = Promise.allSettled([atWork, waiting]);
    await expectRefusal(() => atWork, { ...disposed, fn: 'pgdLinf' });
    await expectRefusal(() => waiting, { ...disposed, fn: 'acetStep' });
    await settled;
    await pool.dispose();
    await expectRefusal(() => pool.evaluateOod({ in: batch }), { ...disposed, fn: 'evaluateOod' });
    optimizer.dispose();
  });

  it('ends an evaluation', async () => {
    const pool = await startPool(tinyMlp());
    const onProgress = () => void pool.dispose();
    await expectNoLeak(async () => {
      await expectRefusal(() => pool.evaluateOod({ in: batch, onProgress }), { ...disposed, fn: 'evaluateOod' });
    });
  });
});
