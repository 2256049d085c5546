import { beforeAll, describe, expect, it } from 'vitest';
import { apgdLinf, evaluateOod, type OodOptions, type Progress, pgdLinf, uniformNoise } from '../../src/index';
import type { TrainingPool } from '../../src/parallel/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { tinyBatch, tinyMlpWithState } from '../support/smallModels';
import { startPool } from './startPool';

const model = tinyMlpWithState();
const options: OodOptions = {
  in: tinyBatch(25),
  out: { other: uniformNoise([13, 2], { seed: 8 }) },
  adversarialNoise: { steps: 4, restarts: 2, attack: apgdLinf },
  adversarialSamples: { steps: 3, samples: 11, epsilon: 0.1 },
  attackBatchSize: 6,
  batchSize: 10,
  keepScores: true,
  seed: 2,
};
let pool: TrainingPool;

beforeAll(async () => {
  pool = await startPool(model);
});

describe('evaluateOod on a pool', () => {
  it('gives the report of one process to the last bit, and leaves no tensor behind', async () => {
    const expected = await evaluateOod(model, options);
    expect(await expectNoLeak(() => pool.evaluateOod(options))).toEqual(expected);
  });

  it('takes an attack of the caller', async () => {
    const own: OodOptions = { ...options, adversarialNoise: { steps: 2, attack: (...given) => pgdLinf(...given) } };
    expect(await expectNoLeak(() => pool.evaluateOod(own))).toEqual(await evaluateOod(model, own));
  });

  it('tells the same progress', async () => {
    const [alone, pooled]: [Progress[], Progress[]] = [[], []];
    await evaluateOod(model, { ...options, onProgress: (at) => alone.push(at) });
    await pool.evaluateOod({ ...options, onProgress: (at) => pooled.push(at) });
    const counts = (seen: Progress[]) => seen.map(({ label, done, total }) => ({ label, done, total }));
    expect(counts(pooled)).toEqual(counts(alone));
  });

  it.each(['in-distribution', 'adversarial noise'])('stops during %s when its signal fires', async (row) => {
    const controller = new AbortController();
    const onProgress = ({ label }: Progress) => label === row && controller.abort();
    await expectRefusal(() => pool.evaluateOod({ ...options, onProgress, signal: controller.signal }), {
      code: 'ABORTED',
      fn: 'evaluateOod',
      argument: 'signal',
    });
    // And goes on with new workers.
    expect((await pool.evaluateOod(options)).rows).toHaveLength(5);
  });

  it('refuses what evaluateOod refuses, in its words', async () => {
    await expectRefusal(() => pool.evaluateOod({ ...options, attackBatchSize: 0 }), {
      code: 'INVALID_OPTION',
      fn: 'evaluateOod',
      argument: 'attackBatchSize',
    });
  });
});
