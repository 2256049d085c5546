import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { OverconfidenceError } from '../../src/core/errors';
import type { Progress } from '../../src/core/progress';
import type { Rng } from '../../src/core/rng';
import { evaluateOod } from '../../src/evaluation/evaluateOod';
import { formatOodReport } from '../../src/evaluation/formatOodReport';
import type { OodOptions } from '../../src/evaluation/oodOptions';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';

const model = (x: tf.Tensor) => tf.mul(x, 4) as tf.Tensor2D;
const uniform = (images: tf.Tensor, rng: Rng) =>
  tf.tensor(Float32Array.from({ length: images.size }, rng.uniform), images.shape);
const x = tf.tensor2d([
  [0.9, 0.1],
  [0.2, 0.7],
  [0.6, 0.5],
]);
const y = tf.tensor1d([0, 1, 0], 'int32');
const base = {
  in: { x, y },
  out: { other: tf.fill([5, 2], 0.25) },
  noise: uniform,
  adversarialNoise: { start: uniform, steps: 6 },
  adversarialSamples: { steps: 4, restarts: 2 },
  attackBatchSize: 2,
  batchSize: 2,
} satisfies OodOptions;

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('memory of evaluateOod', () => {
  it('has the same report when no two images fit into it, whatever the batch, and runs none together', async () => {
    const largest = { rows: 0 };
    const seen = (images: tf.Tensor) => {
      largest.rows = Math.max(largest.rows, images.shape[0]!);
      return model(images);
    };
    const options = { ...base, attackBatchSize: 3, batchSize: 5, keepScores: true };
    const whole = await evaluateOod(seen, options);
    expect(largest.rows).toBe(5);
    largest.rows = 0;
    expect(await evaluateOod(seen, { ...options, memory: 1 })).toEqual(whole);
    expect(largest.rows).toBe(1);
  });

  it('is a positive number of bytes', async () => {
    await expectRefusal(() => evaluateOod(model, { ...base, memory: 0 }), {
      code: 'INVALID_OPTION',
      fn: 'evaluateOod',
      argument: 'memory',
    });
  });
});

describe('progress of evaluateOod', () => {
  it('counts forward passes of one image, a gradient as three, up to the total and never back', async () => {
    const seen: Progress[] = [];
    await evaluateOod(model, { ...base, onProgress: (progress) => seen.push(progress) });
    const total = 3 + 5 + 3 + 3 * (1 + 3 * 6) + 3 * (1 + 3 * 8);
    expect(seen.every((progress) => progress.total === total)).toBe(true);
    expect(seen.at(-1)).toMatchObject({ done: total, remainingMs: 0, label: 'adversarial samples' });
    expect(seen.every(({ done }, i) => done > (seen[i - 1]?.done ?? 0))).toBe(true);
    expect(seen.every(({ remainingMs }) => remainingMs >= 0)).toBe(true);
    expect([...new Set(seen.map(({ label }) => label))]).toEqual([
      'in-distribution',
      'other',
      'noise',
      'adversarial noise',
      'adversarial samples',
    ]);
    // Two batches for each stored or drawn row of three, three for five; in attacks a call per step besides.
    expect(seen).toHaveLength(2 + 3 + 2 + 2 * (6 + 1) + 2 * (8 + 1));
  });

  it('names what is worked on from then on, as soon as what comes before is done', async () => {
    const seen: [number, string][] = [];
    await evaluateOod(model, { ...base, onProgress: ({ done, label }) => seen.push([done, label]) });
    const labels = new Map(seen);
    expect([3, 3 + 5, 3 + 5 + 3, 3 + 5 + 3 + 3 * 19].map((done) => labels.get(done))).toEqual([
      'other',
      'noise',
      'adversarial noise',
      'adversarial samples',
    ]);
  });

  it('never runs past a batch with an attack that takes more steps than it was asked for', async () => {
    const attack = (_: unknown, images: tf.Tensor, { onStep }: { onStep?: (at: never) => void } = {}) => {
      for (let step = 0; step < 50; step++) onStep?.({} as never);
      const objective = tf.zeros([images.shape[0]!]) as tf.Tensor1D;
      const counts = { gradientEvaluations: 50, zeroGradients: 0, blindImages: 0, nonFiniteGradients: 0 };
      const reach = { epsilon: 0.3, steps: 50, stepSize: undefined, reach: 0.3 };
      return { adversarial: tf.clone(images), objective, ...counts, ...reach };
    };
    const seen: number[] = [];
    const options = {
      ...base,
      adversarialNoise: { start: uniform, steps: 6, attack },
      adversarialSamples: false,
    } as const;
    await expectNoLeak(() => evaluateOod(model, { ...options, onProgress: ({ done }) => seen.push(done) }));
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(3 + 5 + 3 + 3 * 19);
  });
});

describe('stopping evaluateOod', () => {
  it.each(['in-distribution', 'noise', 'adversarial noise', 'adversarial samples'])(
    'stops with ABORTED during %s at the next chance and leaves no tensor behind',
    async (label) => {
      const controller = new AbortController();
      let callsAfter = 0;
      const onProgress = (progress: Progress) => {
        if (controller.signal.aborted) callsAfter++;
        if (progress.label === label) controller.abort('enough');
      };
      await expectRefusal(() => evaluateOod(model, { ...base, onProgress, signal: controller.signal }), {
        code: 'ABORTED',
        fn: 'evaluateOod',
        argument: 'signal',
      });
      expect(callsAfter).toBe(0);
    },
  );

  it('notices an abort by a timer, because it lets the event loop run between batches', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 0);
    const work = evaluateOod(model, { ...base, noiseSamples: 4000, signal: controller.signal });
    expect(((await failure(work)) as OverconfidenceError).code).toBe('ABORTED');
  });

  it('does no work at all when it was aborted before', async () => {
    let runs = 0;
    const counted = (images: tf.Tensor) => {
      runs++;
      return model(images);
    };
    await failure(evaluateOod(counted, { ...base, signal: AbortSignal.abort() }));
    const looks = runs;
    await failure(evaluateOod(counted, { ...base, signal: AbortSignal.abort() }));
    expect(runs).toBe(looks); // the first call made a classifier of the function, the second found it made
  });

  it('passes on what onProgress throws and leaves no tensor behind', async () => {
    const boom = new Error('boom');
    const onProgress = ({ label }: Progress) => {
      if (label === 'adversarial noise') throw boom;
    };
    expect(await expectNoLeak(() => failure(evaluateOod(model, { ...base, onProgress })))).toBe(boom);
  });
});

describe('a row that cannot be measured', () => {
  const boom = () => {
    throw new Error('boom');
  };
  const late = (images: tf.Tensor, rng: Rng) => (images.shape[0]! > 1 ? boom() : uniform(images, rng));
  const untaught = (images: tf.Tensor) => tf.mul(tf.cumprod(images, 1), 4) as tf.Tensor2D;

  it.each<[string, Partial<OodOptions>]>([
    ['noise', { noise: late }],
    ['adversarial noise', { adversarialNoise: { start: late } }],
    ['adversarial noise', { adversarialNoise: { start: uniform, attack: boom } }],
    ['adversarial samples', { adversarialSamples: { attack: boom } }],
  ])('says so with the reason (%s, %o), changes no other row and leaves no tensor behind', async (name, change) => {
    const complete = await evaluateOod(model, base);
    const report = await expectNoLeak(() => evaluateOod(model, { ...base, ...change }));
    const nothing = {
      meanMaxConfidence: null,
      standardError: null,
      auroc: null,
      fprAt95: null,
      blindImages: null,
      aupr: null,
      aurocInterval: null,
    };
    const expected = complete.rows.map((row) =>
      row.name === name ? { ...row, status: 'failed', reason: 'boom', samples: 0, resisted: 0, ...nothing } : row,
    );
    expect(report.rows).toEqual(expected);
    expect(complete.rows.every(({ status, reason }) => status === 'measured' && reason === null)).toBe(true);
    expect(formatOodReport(report)).toMatch(new RegExp(`^${name} +\\| +failed +- +- +-$`, 'm'));
    expect(formatOodReport(report)).toContain(`${name}: could not be measured (boom).`);
  });

  it('is the attack on a model whose operations have no gradient, and not the rows without one', async () => {
    const { rows } = await expectNoLeak(() =>
      evaluateOod(untaught, { ...base, adversarialNoise: true, noise: uniform }),
    );
    expect(rows.map(({ status }) => status)).toEqual(['measured', 'measured', 'measured', 'failed', 'failed']);
    expect(rows[3]!.reason).toMatch(/Cumprod/);
  });

  it('counts the images without a gradient: all for a model that rounds, none for one that rises', async () => {
    const rounding = (images: tf.Tensor) => tf.mul(tf.round(tf.mul(images, 8)), 0.5) as tf.Tensor2D;
    const stuck = await evaluateOod(rounding, base);
    expect(stuck.rows.map(({ blindImages }) => blindImages)).toEqual([null, null, null, 3, 3]);
    expect(formatOodReport(stuck)).toContain('adversarial noise: the attack was blind');
    const { rows } = await evaluateOod(model, base);
    expect(rows.map(({ blindImages }) => blindImages)).toEqual([null, null, null, 0, 0]);
    expect(formatOodReport({ ...stuck, rows })).not.toContain('blind');
  });
});

describe('evaluateOod refuses before any work', () => {
  const wide = tf.zeros([2, 3]);
  const none = tf.zeros([0, 2]);
  const bright = tf.fill([2, 2], 1.5);
  const holed = tf.tensor2d([[Number.NaN, 0]]);
  const labels = (...values: number[]) => tf.tensor1d(values);
  const [short, high, negative, broken] = [labels(0, 1), labels(0, 1, 2), labels(0, -1, 0), labels(0, 0.5, 0)];
  const twoHot = tf.ones([3, 2]);
  const threeWide = tf.oneHot(tf.zeros([3], 'int32'), 3);
  const whole = tf.zeros([3, 2], 'int32');
  const oneMore = (images: tf.Tensor) => tf.zeros([images.shape[0]! + 1, 2]);
  const outside = (images: tf.Tensor) => tf.fill(images.shape, 2);

  it.each([
    ['no in-distribution', { in: undefined }, 'INVALID_ARGUMENT', 'in'],
    ['mixed names of the data', { in: { x, ys: y } }, 'INVALID_ARGUMENT', 'in'],
    ['a misspelt key', { inn: 1 }, 'INVALID_OPTION', 'options'],
    ['a misspelt key of an attack', { adversarialNoise: { step: 3 } }, 'INVALID_OPTION', 'adversarialNoise'],
    ['a start of samples', { adversarialSamples: { start: 3 } }, 'INVALID_OPTION', 'adversarialSamples'],
    ['images that are no tensor', { in: { x: [[0, 1]], y } }, 'INVALID_ARGUMENT', 'in.x'],
    ['no images', { in: { x: none, y } }, 'EMPTY_INPUT', 'in.x'],
    ['images outside the bounds', { in: { x: bright, y: short } }, 'OUT_OF_BOUNDS', 'in.x'],
    ['NaN in images', { in: { x: holed, y } }, 'NON_FINITE', 'in.x'],
    ['whole-number images', { in: { x: whole, y } }, 'INVALID_ARGUMENT', 'in.x'],
    ['fewer labels than images', { in: { x, y: short } }, 'INVALID_SHAPE', 'in.y'],
    ['a label too high', { in: { x, y: high } }, 'INVALID_LABELS', 'in.y'],
    ['a negative label', { in: { x, y: negative } }, 'INVALID_LABELS', 'in.y'],
    ['a broken label', { in: { x, y: broken } }, 'INVALID_LABELS', 'in.y'],
    ['rows that are not one-hot', { in: { x, y: twoHot } }, 'INVALID_LABELS', 'in.y'],
    ['one-hot rows of other classes', { in: { x, y: threeWide } }, 'INVALID_SHAPE', 'in.y'],
    ['no labels', { in: { x } }, 'INVALID_ARGUMENT', 'in.y'],
    ['out-images of another shape', { out: { wide } }, 'INVALID_SHAPE', 'out.wide'],
    ['no out-images', { out: { none } }, 'EMPTY_INPUT', 'out.none'],
    ['out-images outside the bounds', { out: { bright } }, 'OUT_OF_BOUNDS', 'out.bright'],
    ['NaN in out-images', { out: { holed } }, 'NON_FINITE', 'out.holed'],
    ['an out-set named as another row', { out: { 'adversarial noise': x } }, 'INVALID_OPTION', 'out'],
    ['noise named as an out-set', { out: { noise: x } }, 'INVALID_OPTION', 'noise'],
    ['noise that is no sampler', { noise: { a: 3 } }, 'INVALID_ARGUMENT', 'noise.a'],
    ['noise of another shape', { noise: { a: oneMore } }, 'INVALID_SHAPE', 'noise.a'],
    ['noise outside the bounds', { noise: outside }, 'OUT_OF_BOUNDS', 'noise'],
    ['no noise samples', { noiseSamples: 0 }, 'INVALID_OPTION', 'noiseSamples'],
    ['half a batch', { batchSize: 0.5 }, 'INVALID_OPTION', 'batchSize'],
    ['an empty attack batch', { attackBatchSize: 0 }, 'INVALID_OPTION', 'attackBatchSize'],
    ['NaN as epsilon', { adversarialNoise: { epsilon: Number.NaN } }, 'INVALID_OPTION', 'adversarialNoise.epsilon'],
    ['a step of 0', { adversarialNoise: { stepSize: 0 } }, 'INVALID_OPTION', 'adversarialNoise.stepSize'],
    ['no steps', { adversarialSamples: { steps: 0 } }, 'INVALID_OPTION', 'adversarialSamples.steps'],
    ['no restarts', { adversarialSamples: { restarts: 0 } }, 'INVALID_OPTION', 'adversarialSamples.restarts'],
    ['no samples', { adversarialNoise: { samples: 0 } }, 'INVALID_OPTION', 'adversarialNoise.samples'],
    [
      'more samples than images',
      { adversarialSamples: { samples: 4 } },
      'INVALID_OPTION',
      'adversarialSamples.samples',
    ],
    ['an attack by name', { adversarialNoise: { attack: 'pgd' } }, 'INVALID_ARGUMENT', 'adversarialNoise.attack'],
    ['a start that is no sampler', { adversarialNoise: { start: 1 } }, 'INVALID_ARGUMENT', 'adversarialNoise.start'],
    ['a start outside the bounds', { adversarialNoise: { start: outside } }, 'OUT_OF_BOUNDS', 'adversarialNoise.start'],
    ['onProgress that is no function', { onProgress: 1 }, 'INVALID_ARGUMENT', 'onProgress'],
  ] as const)('%s', async (_, change, code, argument) => {
    let progressed = false;
    const onProgress = () => {
      progressed = true;
    };
    const options = { ...base, onProgress, ...change } as never;
    await expectRefusal(() => evaluateOod(model, options), { code, fn: 'evaluateOod', argument });
    expect(progressed).toBe(false);
  });

  it('an out-distribution that was passed on the wrong level, and offers the right one', async () => {
    const { in: own, out } = base;
    const call = evaluateOod(model, { in: own, ood: out } as never);
    await expect(call).rejects.toThrow(/key `ood`\. Did you mean `out`\?/);
  });

  it('a seed that is not finite', async () => {
    const refusal = { code: 'INVALID_OPTION', fn: 'createRng', argument: 'seed' } as const;
    await expectRefusal(() => evaluateOod(model, { ...base, seed: Number.NaN }), refusal);
  });
});

describe('evaluateOod refuses, once it can tell', () => {
  const away = (_: unknown, images: tf.Tensor) => ({ adversarial: tf.add(images, 2) });

  it('an attack that leaves the bounds', async () => {
    const options = { ...base, adversarialSamples: { attack: away } } as never;
    const refusal = { code: 'OUT_OF_BOUNDS', fn: 'evaluateOod', argument: 'adversarialSamples.attack' } as const;
    await expectRefusal(() => evaluateOod(model, options), refusal);
  });

  it('a model whose logits are not finite', async () => {
    const broken = (images: tf.Tensor) => tf.div(images, tf.sub(images, 0.25)) as tf.Tensor2D;
    const options = { ...base, noise: false, adversarialNoise: false, adversarialSamples: false } as const;
    const refusal = { code: 'NON_FINITE', fn: 'evaluateOod', argument: 'model' } as const;
    await expectRefusal(() => evaluateOod(broken, options), refusal);
  });
});
