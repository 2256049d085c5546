import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, test } from 'vitest';
import {
  AssertionError,
  assertNoTensorLeak,
  assertResistsAdversarialNoise,
  assertSeparates,
  assertStaysConfidentOn,
  assertUnconfidentOn,
  matchers,
  type OverconfidenceMatchers,
} from '../../src/testing/index';
import { expectRefusal } from '../support/expectRefusal';

declare module 'vitest' {
  interface Matchers extends OverconfidenceMatchers {}
}

expect.extend(matchers);

/** Two classes with logits (x, 0). */
const logistic = (x: tf.Tensor) => tf.concat([x, tf.zerosLike(x)], 1) as tf.Tensor2D;
const shy = tf.tensor2d([[0.1], [-0.2]]);
const sure = tf.tensor2d([[5], [8], [7]]);
const easy = { maxMmc: 0.9, shape: [1], epsilon: 0.1, samples: 4, steps: 2 };
afterAll(() => tf.dispose([shy, sure]));

describe('every matcher and every assertion', () => {
  test('passes where its check holds', async () => {
    await expect(logistic).toBeUnconfidentOn(shy, { maxMmc: 0.6 });
    await expect(logistic).toStayConfidentOn(sure, { minMmc: 0.9 });
    await expect(logistic).toResistAdversarialNoise(easy);
    expect([5, 4]).toSeparate([1, 2], { minAuroc: 1 });
    await expect(logistic).toSeparate(sure, shy, { maxFprAt95: 0 });
    await expect(logistic).toSeparate(sure, [0.1], { minAuroc: 1 });
    await expect(() => tf.dispose(tf.zeros([3]))).toHaveNoTensorLeak();
    expect((await assertUnconfidentOn(logistic, shy, { maxMmc: 0.6 })).samples).toBe(2);
    expect((await assertStaysConfidentOn(logistic, sure, { minMmc: 0.9 })).below).toBe(0);
    expect((await assertResistsAdversarialNoise(logistic, easy)).holds).toBe(true);
    expect(assertSeparates([5, 4], [1, 2], { minAuroc: 1 }).auroc).toBe(1);
    expect((await assertSeparates(logistic, sure, shy, { maxFprAt95: 0 })).accepted).toBe(0);
    expect((await assertNoTensorLeak(() => undefined)).bytes).toBe(0);
  });

  test('passes negated where its check does not hold', async () => {
    await expect(logistic).not.toBeUnconfidentOn(sure, { maxMmc: 0.6 });
    await expect(logistic).not.toStayConfidentOn(shy, { minMmc: 0.9 });
    await expect(logistic).not.toResistAdversarialNoise({ ...easy, maxMmc: 0.55 });
    expect([1, 2]).not.toSeparate([5, 4], { minAuroc: 0.5 });
    await expect(logistic).not.toSeparate(shy, sure, { minAuroc: 0.5 });
    const kept: tf.Tensor[] = [];
    await expect(() => kept.push(tf.zeros([3]))).not.toHaveNoTensorLeak();
    tf.dispose(kept);
  });
});

describe('a failed expectation', () => {
  test('of an attack that was blind fails, and negated it fails too', async () => {
    const rounded = (x: tf.Tensor) => logistic(tf.round(x));
    await expect(expect(rounded).toResistAdversarialNoise(easy)).rejects.toThrow('the attack was blind');
    await expect(expect(rounded).not.toResistAdversarialNoise(easy)).rejects.toThrow('the attack was blind');
    await expect(assertResistsAdversarialNoise(rounded, easy)).rejects.toThrow('the attack was blind');
    await expect(rounded).not.toResistAdversarialNoise({ ...easy, maxMmc: 0.1 });
  });

  test('shows the numbers, and the opposite claim when it was negated', async () => {
    const failed = expect(logistic).toBeUnconfidentOn(sure, { maxMmc: 0.6 });
    await expect(failed).rejects.toThrow(
      /expected the model to be unconfident on 3 images[\s\S]*image 1, with confidence/,
    );
    const negated = expect(logistic).not.toBeUnconfidentOn(shy, { maxMmc: 0.6 });
    await expect(negated).rejects.toThrow(/expected the model not to be unconfident on 2 images/);
    expect(() => expect([1]).toSeparate([2], { minAuroc: 0.5 })).toThrow(/AUROC: 0/);
    const attacked = expect(logistic).toResistAdversarialNoise({ ...easy, maxMmc: 0.5 });
    await expect(attacked).rejects.toThrow(
      /attacked by maxConfidenceAttack[\s\S]*from seed 0:[\s\S]*rows: \{ first: \d, of: 4 \}/,
    );
  });

  test('of an assertion is an AssertionError with the result of the check', async () => {
    const error: unknown = await assertUnconfidentOn(logistic, sure, { maxMmc: 0.6 }).catch((caught) => caught);
    expect(error).toBeInstanceOf(AssertionError);
    expect(error).toMatchObject({ name: 'AssertionError', result: { holds: false, above: 3, worst: { index: 1 } } });
    expect(() => assertSeparates([1], [2], { minAuroc: 0.5 })).toThrow(AssertionError);
    await expect(assertSeparates(logistic, shy, sure, { minAuroc: 0.5 })).rejects.toThrow(AssertionError);
  });
});

test('a refused argument is named after the matcher or assertion that was called', async () => {
  const refused = [
    [() => assertUnconfidentOn(logistic, shy, { maxMmc: 2 }), 'assertUnconfidentOn', 'maxMmc'],
    [() => matchers.toBeUnconfidentOn(logistic, shy, { maxMmc: 2 }), 'toBeUnconfidentOn', 'maxMmc'],
    [() => matchers.toSeparate([1], [2], {}), 'toSeparate', 'options'],
    [() => matchers.toStayConfidentOn(logistic, shy, { minMmc: 2 }), 'toStayConfidentOn', 'minMmc'],
    [() => matchers.toResistAdversarialNoise(logistic, { maxMmc: 2 }), 'toResistAdversarialNoise', 'maxMmc'],
    [
      () => matchers.toResistAdversarialNoise(logistic, { ...easy, step: 1 } as never),
      'toResistAdversarialNoise',
      'options',
    ],
    [() => matchers.toBeUnconfidentOn(logistic, shy, { maxMMC: 0.1 } as never), 'toBeUnconfidentOn', 'options'],
    [
      () => matchers.toStayConfidentOn(logistic, shy, { minMmc: 0.1, error: 1 } as never),
      'toStayConfidentOn',
      'options',
    ],
    [() => assertSeparates([1], [2], { minAUROC: 0.5 } as never), 'assertSeparates', 'options'],
  ] as const;
  for (const [call, fn, argument] of refused) await expectRefusal(call, { code: 'INVALID_OPTION', fn, argument });
});
