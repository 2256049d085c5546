import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, test } from 'vitest';
import {
  classifier,
  confidences,
  createRng,
  maxConfidenceAttack,
  paperSampler,
  pgdLinf,
  uniformNoise,
} from '../../src/index';
import {
  checkNoTensorLeak,
  checkResistsAdversarialNoise,
  checkSeparates,
  checkStaysConfidentOn,
  checkUnconfidentOn,
} from '../../src/testing/index';
import { randomMlp, uniformImages } from '../support/attackModels';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';

/** Two classes with logits (x, 0): the confidence of x >= 0 is the logistic function of x. */
const logistic = (x: tf.Tensor) => tf.concat([x, tf.zerosLike(x)], 1) as tf.Tensor2D;
const odds = (confidence: number) => Math.log(confidence / (1 - confidence));
const images = tf.tensor2d([[odds(0.6)], [odds(0.9)], [odds(0.75)], [-odds(0.55)]]);
const model = randomMlp(3);
afterAll(() => tf.dispose(images));

describe('checkUnconfidentOn', () => {
  test('compares the mean confidence with the bound and names the most confident image', async () => {
    const result = await expectNoLeak(() => checkUnconfidentOn(logistic, images, { maxMmc: 0.65 }));
    expect(result.mmc).toBeCloseTo(0.7, 6);
    expect(result).toMatchObject({ holds: false, maxMmc: 0.65, samples: 4, above: 2 });
    expect(result.worst).toMatchObject({ index: 1, predicted: 0 });
    expect(result.worst.confidence).toBeCloseTo(0.9, 6);
    expect(result.message).toMatch(/^expected the model to be unconfident on 4 images: .* at most 0\.65$/m);
    expect(result.message).toMatch(/MMC: 0\.7\d*, 0\.05\d* above the bound/);
    expect(result.message).toContain('above the bound: 2 of 4 images');
    expect(result.message).toContain('tf.slice(x, 1, 1)');
  });

  test('accepts a mean equal to the bound, and then says what is wrong for someone who expected the opposite', async () => {
    const { mmc } = await checkUnconfidentOn(logistic, images, { maxMmc: 0.9 });
    const result = await checkUnconfidentOn(logistic, images, { maxMmc: mmc, batchSize: 3 });
    expect(result.holds).toBe(true);
    expect(result.message).toMatch(/^expected the model not to be unconfident/);
  });

  test.each([undefined, -0.1, 1.1, Number.NaN])('refuses the bound %s', async (maxMmc) => {
    const options = { maxMmc: maxMmc as number };
    const expected = { code: 'INVALID_OPTION', fn: 'checkUnconfidentOn', argument: 'maxMmc' } as const;
    await expectRefusal(() => checkUnconfidentOn(logistic, images, options), expected);
  });
});

describe('checkStaysConfidentOn', () => {
  test('wants the mean confidence above and the share of errors below their bounds', async () => {
    const labels = tf.tensor1d([0, 0, 1, 1], 'int32');
    const verdicts = [
      [{ minMmc: 0.69 }, true],
      [{ minMmc: 0.71 }, false],
      [{ minMmc: 0.69, labels, maxError: 0.25 }, true],
      [{ minMmc: 0.69, labels, maxError: 0.2 }, false],
    ] as const;
    for (const [options, holds] of verdicts) {
      const result = await expectNoLeak(() => checkStaysConfidentOn(logistic, images, options));
      expect(result.holds).toBe(holds);
      expect(result.worst.index).toBe(3);
      expect(result.below).toBe(options.minMmc > 0.6 ? 2 : 0);
      expect(result.error).toBe('labels' in options ? 0.25 : undefined);
    }
    const { message } = await checkStaysConfidentOn(logistic, images, { minMmc: 0.8, labels, maxError: 0.2 });
    expect(message).toContain('wrong: 1 of 4 (25 %)');
    expect(message).toMatch(/least sure: image 3, with confidence 0\.55\d* for class 1/);
    labels.dispose();
  });

  test('refuses a bound on errors without labels', async () => {
    const expected = { code: 'INVALID_ARGUMENT', fn: 'checkStaysConfidentOn', argument: 'labels' } as const;
    await expectRefusal(() => checkStaysConfidentOn(logistic, images, { minMmc: 0.5, maxError: 0.1 }), expected);
  });
});

describe('checkSeparates', () => {
  test('counts ties half in the AUROC and takes the threshold of FPR@95 from the in-scores', () => {
    const result = checkSeparates([4, 3, 2, 1], [1, 0.5, 3.5], { minAuroc: 0.7, maxFprAt95: 0.5 });
    expect(result.auroc).toBeCloseTo((4 + 3.5 + 1) / 12, 12);
    expect(result).toMatchObject({ holds: true, accepted: 1, worst: { index: 2, score: 3.5 } });
    expect(result.fprAt95).toBeCloseTo(1 / 3, 12);
    expect(result.message).toMatch(/^expected the scores not to tell 4 in-scores from 3 out-scores/);
  });

  test.each([
    [{ minAuroc: 0.71 }, false],
    [{ minAuroc: 0.7 }, true],
    [{ maxFprAt95: 0.3 }, false],
    [{ maxFprAt95: 0.34 }, true],
    [{ minAuroc: 0.7, maxFprAt95: 0.3 }, false],
  ])('holds for the bounds %o: %s', (options, holds) => {
    const { holds: got, message } = checkSeparates([4, 3, 2, 1], [1, 0.5, 3.5], options);
    expect(got).toBe(holds);
    expect(message).toContain('outScores[2] = 3.5');
  });

  test('of a model compares its log-odds on images, of which either side may be scores already', async () => {
    const [sure, shy] = [tf.slice(images, 1, 2), tf.slice(images, 3, 1)];
    const scores = [odds(0.9), odds(0.75)];
    const byScores = checkSeparates(scores, [odds(0.55)], { minAuroc: 1 });
    await expectNoLeak(async () => {
      const byModel = await checkSeparates(logistic, sure, shy, { minAuroc: 1 });
      expect(byModel).toMatchObject({ holds: true, auroc: 1, accepted: 0, fprAt95: byScores.fprAt95 });
      expect(byModel.threshold).toBeCloseTo(byScores.threshold, 5);
      expect((await checkSeparates(logistic, scores, shy, { minAuroc: 1 })).holds).toBe(true);
    });
    const fn = 'checkSeparates';
    const nothing = { code: 'INVALID_OPTION', fn, argument: 'options' } as const;
    await expectRefusal(() => checkSeparates(logistic, sure, shy, {}), nothing);
    tf.dispose([sure, shy]);
  });

  test('refuses to check nothing, and empty sides', async () => {
    const fn = 'checkSeparates';
    await expectRefusal(() => checkSeparates([1], [0], {}), { code: 'INVALID_OPTION', fn, argument: 'options' });
    const expected = { code: 'EMPTY_INPUT', fn, argument: 'outScores' } as const;
    await expectRefusal(() => checkSeparates([1], [], { minAuroc: 0.5 }), expected);
  });
});

describe('checkNoTensorLeak', () => {
  test('counts tensors more, tensors fewer and a tensor returned', async () => {
    const kept: tf.Tensor[] = [];
    const leaky = await checkNoTensorLeak(async () => kept.push(tf.zeros([5])));
    expect(leaky).toMatchObject({ holds: false, bytes: 20 });
    expect(leaky.message).toMatch(/1 tensor more \(20 bytes\)/);
    const greedy = await checkNoTensorLeak(() => tf.dispose(kept));
    expect(greedy).toMatchObject({ holds: false, bytes: -20 });
    expect(greedy.message).toContain('1 tensor fewer');
    const returning = await checkNoTensorLeak(() => kept[kept.push(tf.zeros([1])) - 1]);
    expect(returning.message).toContain('dispose of it inside the function');
    tf.dispose(kept);
  });

  test('holds for a function that tidies up, and passes on what a function throws', async () => {
    const tidy = await checkNoTensorLeak(() => tf.tidy(() => tf.memory().numTensors + tf.zeros([2]).size));
    expect(tidy.holds).toBe(true);
    const broken = () => checkNoTensorLeak(() => Promise.reject(new Error('broken')));
    await expect(broken()).rejects.toThrow('broken');
  });
});

describe('checkResistsAdversarialNoise', () => {
  test('finds what the attack finds on the noise of its seed', async () => {
    const options = { maxMmc: 0.3, epsilon: 0.1, steps: 5, samples: 9, seed: 'a', attack: pgdLinf };
    const result = await expectNoLeak(() => checkResistsAdversarialNoise(model, options));
    const noise = uniformNoise([9, 6], { rng: createRng('a').fork('noise') });
    const rng = createRng('a').fork('attack');
    const { adversarial, objective } = pgdLinf(model, noise, { epsilon: 0.1, steps: 5, rng });
    const expected = await confidences(model, adversarial);
    expect(result.mmc).toBeCloseTo(expected.reduce((sum, c) => sum + c) / 9, 12);
    expect(result.worst.confidence).toBe(Math.max(...expected));
    expect(result.mmcBefore).toBeLessThan(result.mmc);
    expect(result.above).toBe(expected.filter((c) => c > 0.3).length);
    tf.dispose([noise, adversarial, objective]);
  });

  test('says that steps were too short to reach epsilon, and that the attack was blind', async () => {
    const options = { maxMmc: 0.99, samples: 3, batchSize: 2, attack: pgdLinf };
    const short = await checkResistsAdversarialNoise(model, { ...options, steps: 5, stepSize: 0.0075 });
    expect(short).toMatchObject({ epsilon: 0.3, steps: 5, stepSize: 0.0075, reach: 0.0375, blindImages: 0 });
    expect(short.message).toContain('5 steps of 0.0075 reach no farther than 0.0375, not epsilon 0.3');
    const whole = await checkResistsAdversarialNoise(model, { ...options, steps: 5 });
    expect(whole.message).not.toContain('reach');
    const rounded = classifier((x) => model.predict(tf.round(x)) as tf.Tensor2D, { inputShape: [6] });
    const blind = await checkResistsAdversarialNoise(rounded, options);
    expect([blind.blindImages, blind.holds, blind.mmc < blind.maxMmc]).toEqual([3, false, true]);
    expect((await checkResistsAdversarialNoise(rounded, { ...options, maxMmc: 0.1 })).holds).toBe(false);
    expect(blind.message).toContain('the attack was blind: every gradient was zero');
  });

  test('takes the radius from the bounds of the model', async () => {
    const wide = classifier((x) => logistic(tf.div(x, 255)), { inputShape: [1], bounds: [0, 255] });
    const images = tf.fill([4, 1], 100);
    const noise = (x: tf.Tensor) => tf.clone(x);
    const found = await checkResistsAdversarialNoise(wide, { maxMmc: 0.65, images, noise });
    expect(found).toMatchObject({ epsilon: 76.5, reach: 76.5, holds: false });
    expect(found.mmc).toBeCloseTo(1 / (1 + Math.exp(-176.5 / 255)), 6);
    images.dispose();
  });

  test('finds the same in batches of any size', async () => {
    const options = { maxMmc: 0.5, epsilon: 0.2, steps: 3, samples: 7, seed: 4 };
    const whole = await checkResistsAdversarialNoise(model, options);
    const parts = await checkResistsAdversarialNoise(model, { ...options, batchSize: 3 });
    expect(parts).toEqual(whole);
  });

  test.each([
    ['uniform noise', undefined],
    ['the paper noise of images', uniformImages(8, 6, 1)],
  ])('gives, with %s, code that makes the worst image again alone', async (_, given) => {
    const options = { maxMmc: 0.5, epsilon: 0.1, steps: 3, samples: 6, seed: 2, ...(given && { images: given }) };
    const { reproduce, worst, message } = await checkResistsAdversarialNoise(model, options);
    expect(message).toContain(reproduce.split('\n')[1]);
    const names = { model, images: given, tf, createRng, maxConfidenceAttack, paperSampler, uniformNoise };
    const run = new Function(...Object.keys(names), `${reproduce}\nreturn adversarial;`);
    const adversarial: tf.Tensor = tf.tidy(() => run(...Object.values(names)));
    expect((await confidences(model, adversarial))[0]).toBe(worst.confidence);
    tf.dispose([adversarial, given ?? []]);
  });

  test('takes the bounds of the model, and the shape of one input for a function', async () => {
    const result = await checkResistsAdversarialNoise(logistic, { maxMmc: 0.9, shape: [1], samples: 3, epsilon: 0.1 });
    expect(result.reproduce).toContain("uniformNoise([3, 1], { rng: createRng(0).fork('noise') })");
    const expected = { code: 'INVALID_ARGUMENT', fn: 'checkResistsAdversarialNoise', argument: 'shape' } as const;
    await expectRefusal(() => checkResistsAdversarialNoise((x) => logistic(x), { maxMmc: 0.9 }), expected);
  });

  test('counts progress up to the number of images, and stops without leaving tensors behind', async () => {
    const seen: number[] = [];
    const options = { maxMmc: 0.9, samples: 5, batchSize: 2, steps: 2, restarts: 2 };
    await checkResistsAdversarialNoise(model, { ...options, onProgress: ({ done }) => seen.push(done) });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect([seen.length, seen[0], seen.at(-1)]).toEqual([12, 0.5, 5]);
    const stop = new AbortController();
    const aborted = { ...options, signal: stop.signal, onProgress: () => stop.abort() };
    const expected = { code: 'ABORTED', fn: 'maxConfidenceAttack', argument: 'signal' } as const;
    await expectRefusal(() => checkResistsAdversarialNoise(model, aborted), expected);
  });

  test('refuses more samples than images, and a sampler without images', async () => {
    const fn = 'checkResistsAdversarialNoise';
    const few = uniformImages(2, 6, 1);
    const noise = (x: tf.Tensor) => tf.clone(x);
    await expectRefusal(() => checkResistsAdversarialNoise(model, { maxMmc: 0.5, images: few, samples: 3 }), {
      code: 'INVALID_OPTION',
      fn,
      argument: 'samples',
    });
    await expectRefusal(() => checkResistsAdversarialNoise(model, { maxMmc: 0.5, noise }), {
      code: 'INVALID_ARGUMENT',
      fn,
      argument: 'images',
    });
    few.dispose();
  });
});
