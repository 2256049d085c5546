import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxConfidenceAttack } from '../../src/attacks/maxConfidenceAttack';
import { pgdLinf } from '../../src/attacks/pgdLinf';
import type { Attack, PgdOptions } from '../../src/attacks/types';
import { classifier } from '../../src/classifier/classifier';
import type { Rng } from '../../src/core/rng';
import { evaluateOod } from '../../src/evaluation/evaluateOod';
import { formatOodReport } from '../../src/evaluation/formatOodReport';
import type { OodAttackSettings } from '../../src/evaluation/oodAttacks';
import type { OodOptions } from '../../src/evaluation/oodOptions';
import type { OodReport } from '../../src/evaluation/oodReport';
import { expectNoLeak } from '../support/expectNoLeak';
import { bruteAuroc, bruteFprAt95, mean, rowNamed, sigmoid } from './byHand';

/**
 * Logits 4x on [0,1]^2: class 0 where x0 >= x1, and with d = x0 - x1 confidence sigmoid(4 |d|). An attack of radius
 * epsilon inside the box changes d by 2 epsilon and no more.
 */
const model = (x: tf.Tensor) => tf.mul(x, 4) as tf.Tensor2D;

/** One point (0.5 + d/2, 0.5 - d/2) for each d. */
function points(...differences: number[]): tf.Tensor2D {
  return tf.tensor2d(differences.map((d) => [0.5 + d / 2, 0.5 - d / 2]));
}

/** In-distribution with d = 0.5, 0.1, 0.204, -0.4, and the last one labelled wrongly. */
const inData = () => ({ x: points(0.5, 0.1, 0.204, -0.4), y: tf.tensor1d([0, 0, 0, 0], 'int32') });
const center = (images: tf.Tensor) => tf.fill(images.shape, 0.5);
const uniform = (images: tf.Tensor, rng: Rng) =>
  tf.tensor(Float32Array.from({ length: images.size }, rng.uniform), images.shape);
const noAttacks = { adversarialNoise: false, adversarialSamples: false } as const;
const everything = () =>
  ({
    in: inData(),
    out: { far: points(1, -1, 0.05) },
    noise: { 'uniform noise': uniform, center },
    noiseSamples: 7,
    adversarialNoise: { start: uniform, steps: 5, samples: 5 },
    adversarialSamples: { steps: 4, epsilon: 0.1 },
    attackBatchSize: 2,
  }) satisfies OodOptions;

describe('evaluateOod', () => {
  it('gives the numbers of Table 1 that follow by hand for a model with two classes', async () => {
    const report = await evaluateOod(model, {
      in: inData(),
      out: { far: points(1, 0.05) },
      noise: false,
      ...noAttacks,
    });
    expect(report.testError).toBe(0.25);
    expect(report.classes).toBe(2);
    const [inRow, far] = [rowNamed(report, 'in-distribution'), rowNamed(report, 'far')];
    expect(report.rows).toHaveLength(2);
    expect(inRow).toMatchObject({ kind: 'in', samples: 4, resisted: 0, auroc: null, fprAt95: null });
    expect(inRow.meanMaxConfidence).toBeCloseTo(mean([2, 0.4, 0.816, 1.6].map(sigmoid)), 6);
    expect(far).toMatchObject({ kind: 'out', samples: 2, resisted: 0, auroc: 4 / 8, fprAt95: 0.5 });
    const [a, b] = [sigmoid(4), sigmoid(0.2)];
    expect(far.meanMaxConfidence).toBeCloseTo((a + b) / 2, 6);
    // For two values s / sqrt(2) is half their distance.
    expect(far.standardError).toBeCloseTo((a - b) / 2, 6);
  });

  it('agrees with brute force over all pairs, on random points', async () => {
    // A grid of steps that float32 holds exactly, so that ties are ties.
    const differences = fc.array(fc.integer({ min: -64, max: 64 }), { minLength: 1, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(differences, differences, async (inside, outside) => {
        const [inX, outX] = [inside, outside].map((steps) => points(...steps.map((n) => n / 64)));
        const y = tf.zeros([inside.length]);
        const options = { in: { x: inX!, y }, out: { out: outX! }, noise: false, ...noAttacks, batchSize: 7 } as const;
        const report = await expectNoLeak(() => evaluateOod(model, options));
        tf.dispose([inX!, outX!, y]);
        const row = rowNamed(report, 'out');
        const odds = (steps: number[]) => steps.map((n) => Math.abs(n) / 16);
        expect(report.testError).toBeCloseTo(inside.filter((n) => n < 0).length / inside.length, 12);
        expect(row.meanMaxConfidence).toBeCloseTo(mean(odds(outside).map(sigmoid)), 12);
        expect(row.auroc).toBeCloseTo(bruteAuroc(odds(inside), odds(outside)), 12);
        expect(row.fprAt95).toBeCloseTo(bruteFprAt95(odds(inside).map(sigmoid), odds(outside).map(sigmoid)), 12);
      }),
      { numRuns: 60 },
    );
  });

  it('ranks images by log-odds, which do not tie where confidences have rounded to 1', async () => {
    const steep = (x: tf.Tensor) => tf.mul(x, 200) as tf.Tensor2D;
    const data = { x: points(0.9, 0.8), y: tf.zeros([2]) };
    const { rows } = await evaluateOod(steep, { in: data, out: { out: points(0.7) }, noise: false, ...noAttacks });
    expect(rows[1]).toMatchObject({ meanMaxConfidence: 1, auroc: 1, fprAt95: 1 });
  });

  it('takes { xs, ys } for the in-distribution test set', async () => {
    const { x, y } = inData();
    const options = { noise: center, ...noAttacks } as const;
    const expected = await evaluateOod(model, { in: { x, y }, ...options });
    expect(await evaluateOod(model, { in: { xs: x, ys: y }, ...options })).toEqual(expected);
  });

  it('drives noise to the most confident corner of the ball', async () => {
    const options = { in: inData(), noise: center, adversarialNoise: { start: center, samples: 5 } } as const;
    const report = await evaluateOod(model, { ...options, adversarialSamples: false });
    expect(rowNamed(report, 'noise')).toMatchObject({ kind: 'noise', samples: 4, meanMaxConfidence: 0.5, auroc: 1 });
    const attacked = rowNamed(report, 'adversarial noise');
    // d = 0.6; of the in-distribution none is as confident.
    expect(attacked).toMatchObject({ kind: 'adversarialNoise', samples: 5, resisted: 0, auroc: 0, fprAt95: 1 });
    expect(attacked.meanMaxConfidence).toBeCloseTo(sigmoid(2.4), 5);
  });

  it('leaves out adversarial samples that are still right with a confidence above 1.01 / K', async () => {
    const options = { in: inData(), noise: false, adversarialNoise: false, keepScores: true } as const;
    const report = await evaluateOod(model, { ...options, adversarialSamples: { epsilon: 0.1 } });
    const row = rowNamed(report, 'adversarial samples');
    // d after the attack: 0.3 is right and confident, 0.004 right with 0.504 < 0.505, -0.1 and -0.6 are wrong.
    expect(row).toMatchObject({ kind: 'adversarialSamples', samples: 3, resisted: 1 });
    const expected = [0.1, 0.004, 0.6].map((d) => sigmoid(4 * d));
    row.scores!.confidences.forEach((confidence, i) => {
      expect(confidence).toBeCloseTo(expected[i]!, 5);
    });
    expect(row.meanMaxConfidence).toBeCloseTo(mean(expected), 5);
    expect(row.auroc).toBeCloseTo(bruteAuroc([0.5, 0.1, 0.204, 0.4], [0.1 - 1e-6, 0.004, 0.6]), 12);
  });

  it('with a sigmoid for each class counts as resisted what still says yes: above 1.01 / 2, however many classes', async () => {
    /** Logits of three classes at d: 4d - less, -4d - less and -9; the attack of radius 0.1 takes 0.2 off d. */
    const attacked = async (less: number, ...differences: number[]) => {
      const weights = tf.tensor2d([4, -4, 0, -4, 4, 0], [2, 3]);
      const tagger = (x: tf.Tensor) => tf.sigmoid(tf.add(tf.matMul(x as tf.Tensor2D, weights), [-less, -less, -9]));
      const net = classifier(tagger as typeof model, { outputs: 'sigmoids', inputShape: [2] });
      const data = { x: points(...differences), y: tf.zeros([differences.length]) };
      const options = { in: data, noise: false, adversarialNoise: false, keepScores: true } as const;
      const report = await evaluateOod(net, { ...options, adversarialSamples: { epsilon: 0.1 } });
      return rowNamed(report, 'adversarial samples');
    };
    // d after the attack: 0.3 and 0.006 (0.506 > 0.505) say yes, 0.004 (0.504) no longer, -0.1 is another class.
    const row = await attacked(0, 0.5, 0.206, 0.204, 0.1);
    expect(row).toMatchObject({ samples: 2, resisted: 2 });
    const [undecided, wrong] = row.scores!.confidences;
    expect(undecided).toBeCloseTo(sigmoid(4 * 0.004), 5);
    expect(wrong).toBeCloseTo(sigmoid(4 * 0.1), 5);
    // Every class is denied; 0.43 is above 1.01 / 3 all the same.
    const denied = await attacked(1.5, 0.5);
    expect(denied).toMatchObject({ samples: 1, resisted: 0 });
    expect(denied.meanMaxConfidence).toBeCloseTo(sigmoid(4 * 0.3 - 1.5), 5);
  });

  it('has no numbers for a row in which every sample resisted', async () => {
    const data = { x: points(0.9, 0.8), y: tf.zeros([2]) };
    const attack = { epsilon: 0.01, steps: 5 };
    const report = await evaluateOod(model, {
      in: data,
      noise: false,
      adversarialNoise: false,
      adversarialSamples: attack,
    });
    const nothing = { meanMaxConfidence: null, standardError: null, auroc: null, fprAt95: null };
    expect(rowNamed(report, 'adversarial samples')).toMatchObject({ samples: 0, resisted: 2, ...nothing });
  });

  it('attacks with the settings of the paper unless told otherwise', async () => {
    const calls: { size: number; options: PgdOptions }[] = [];
    const spy: Attack = (net, x, options = {}) => {
      calls.push({ size: x.shape[0]!, options });
      return pgdLinf(net, x, { ...options, steps: 1 });
    };
    const x = tf.fill([101, 2], 0.5);
    const attack = { attack: spy };
    const options = { in: { x, y: tf.zeros([101]) }, noise: false } as const;
    const report = await evaluateOod(model, {
      ...options,
      adversarialNoise: { ...attack, start: center },
      adversarialSamples: { ...attack, epsilon: 0.1, restarts: 2 },
    });
    expect(calls.map(({ size }) => size)).toEqual([100, 1, 100, 1]);
    const [noise, , samples] = calls;
    expect(noise!.options).toMatchObject({ epsilon: 0.3, steps: 200, restarts: 1, bounds: [0, 1] });
    expect(noise!.options.stepSize).toBeCloseTo(0.0075, 15);
    expect(samples!.options).toMatchObject({ epsilon: 0.1, stepSize: 0.0025, steps: 80, restarts: 2 });
    expect(report.settings.adversarialNoise).toMatchObject({ attack: 'spy', epsilon: 0.3, steps: 200, samples: 101 });
    expect(report.settings.adversarialSamples).toMatchObject({ stepSize: 0.0025, restarts: 2, samples: 101 });
  });

  it('takes radius and steps from the bounds, and says what steps that are too short could not reach', async () => {
    const wide = classifier((x) => model(tf.div(x, 255)), { inputShape: [2], bounds: [0, 255] });
    const x = tf.fill([4, 2], 128);
    const start = (images: tf.Tensor) => tf.clone(images);
    const attacked = (settings: OodAttackSettings) =>
      evaluateOod(wide, {
        in: { x, y: tf.zeros([4]) },
        noise: false,
        adversarialNoise: { start, ...settings },
        adversarialSamples: false,
      });
    for (const settings of [{}, { steps: 5 }, { attack: maxConfidenceAttack }]) {
      const report = await attacked(settings);
      expect(report.settings.adversarialNoise).toMatchObject({ epsilon: 76.5, reach: 76.5 });
      // Both coordinates move by 0.3 of the width, away from each other.
      expect(rowNamed(report, 'adversarial noise').meanMaxConfidence).toBeCloseTo(sigmoid(4 * 0.6), 5);
      expect(formatOodReport(report)).not.toContain('reach');
    }
    const short = await attacked({ steps: 5, stepSize: 0.0075 });
    expect(short.settings.adversarialNoise).toMatchObject({ epsilon: 76.5, reach: 0.0375 });
    expect(formatOodReport(short)).toContain(
      'adversarial noise: 5 steps of 0.0075 reach no farther than 0.0375, not epsilon 76.5.',
    );
  });

  it('makes noise from every image before it takes one again', async () => {
    const seen: number[] = [];
    const report = await evaluateOod(model, {
      in: inData(),
      noise: (images) => {
        seen.push(images.shape[0]!);
        return tf.clone(images);
      },
      noiseSamples: 8,
      attackBatchSize: 3,
      ...noAttacks,
    });
    const [inRow, noise] = [rowNamed(report, 'in-distribution'), rowNamed(report, 'noise')];
    expect(seen).toEqual([1, 3, 3, 2]); // the first is the trial before the work
    expect(noise.meanMaxConfidence).toBeCloseTo(inRow.meanMaxConfidence!, 12);
    expect(noise.auroc).toBe(0.5);
  });

  it('draws different numbers for every batch and every row, also for what forks its stream', async () => {
    const drawn: number[] = [];
    const forking = (images: tf.Tensor, rng: Rng) => {
      const level = rng.fork('level').uniform();
      drawn.push(level);
      return tf.fill(images.shape, level);
    };
    const starts: number[] = [];
    const attack: Attack = (net, x, { rng, ...options } = {}) => {
      starts.push(rng!.fork('start').uniform());
      return pgdLinf(net, x, options);
    };
    const settings = { attack, steps: 1 };
    await evaluateOod(model, {
      in: inData(),
      noise: { a: forking, b: forking },
      adversarialNoise: { ...settings, start: forking },
      adversarialSamples: settings,
      attackBatchSize: 1,
    });
    const levels = drawn.slice(3); // after one trial for each of the three
    expect(levels).toHaveLength(12);
    expect(new Set(levels).size).toBe(12);
    expect(new Set(starts).size).toBe(8);
  });

  it('gives the same report for the same seed, whatever batchSize is, and another one for another seed', async () => {
    const first = await evaluateOod(model, { ...everything(), seed: 3 });
    expect(await evaluateOod(model, { ...everything(), seed: 3, batchSize: 1 })).toEqual(first);
    const other = await evaluateOod(model, { ...everything(), seed: 4 });
    expect(rowNamed(other, 'uniform noise')).not.toEqual(rowNamed(first, 'uniform noise'));
    expect(rowNamed(other, 'adversarial noise')).not.toEqual(rowNamed(first, 'adversarial noise'));
  });

  it('changes no row when another is left out', async () => {
    const all = await evaluateOod(model, everything());
    const few = await evaluateOod(model, { ...everything(), out: {}, noise: { 'uniform noise': uniform } });
    for (const row of few.rows) expect(row).toEqual(rowNamed(all, row.name));
  });

  it('takes labels as indices of any dtype or as one-hot rows', async () => {
    const report = await evaluateOod(model, everything());
    const x = inData().x;
    for (const y of [tf.zeros([4]), tf.oneHot(tf.zeros([4], 'int32'), 2)])
      expect(await evaluateOod(model, { ...everything(), in: { x, y } })).toEqual(report);
  });

  it('is plain data that JSON carries unchanged, scores included', async () => {
    const report = await evaluateOod(model, { ...everything(), keepScores: true });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(report.rows.map(({ scores }) => scores?.logOdds.length)).toEqual(report.rows.map(({ samples }) => samples));
    const lean: OodReport = await evaluateOod(model, everything());
    expect(lean.rows.every((row) => !('scores' in row))).toBe(true);
  });

  it('has finite log-odds, which JSON can carry, however far apart the float32 logits are', async () => {
    const largest = 3.4e38;
    const steepest = (x: tf.Tensor) => tf.clipByValue(tf.mul(tf.sub(x, 0.5), 1e39), -largest, largest) as tf.Tensor2D;
    const report = await evaluateOod(steepest, { in: inData(), noise: false, ...noAttacks, keepScores: true });
    const { scores } = report.rows[0]!;
    expect(Math.max(...scores!.logOdds)).toBeCloseTo(2 * largest, -34);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it('leaves the objective of adversarial noise to the attack', async () => {
    const objectives: PgdOptions['objective'][] = [];
    const attack: Attack = (net, x, options) => {
      objectives.push(options!.objective);
      return pgdLinf(net, x, options);
    };
    const adversarialNoise = { start: uniform, steps: 2, samples: 2, attack };
    await evaluateOod(model, { in: inData(), noise: false, adversarialNoise, adversarialSamples: false });
    expect(objectives).toEqual([undefined]);
  });

  it('runs with its defaults on a layers model of images and leaves no tensor behind', async () => {
    const net = tfl.sequential({
      layers: [
        tfl.layers.flatten({ inputShape: [6, 6, 1] }),
        tfl.layers.dense({
          units: 3,
          activation: 'softmax',
          kernelInitializer: tfl.initializers.heNormal({ seed: 1 }),
        }),
      ],
    });
    const data = { x: tf.randomUniform([8, 6, 6, 1], 0, 1, 'float32', 1), y: tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1]) };
    await evaluateOod(net, { in: data, noise: false, ...noAttacks }); // the model makes what it keeps
    const report = await expectNoLeak(() => evaluateOod(net, { in: data }));
    const kinds = report.rows.map(({ kind }) => kind);
    expect(kinds).toEqual(['in', 'noise', 'adversarialNoise', 'adversarialSamples']);
    const [, noise, adversarialNoise] = report.rows;
    expect(adversarialNoise!.meanMaxConfidence!).toBeGreaterThan(noise!.meanMaxConfidence!);
  });
});
