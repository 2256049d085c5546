import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { apgdLinf } from '../../src/attacks/apgdLinf';
import { maxConfidenceAttack } from '../../src/attacks/maxConfidenceAttack';
import { pgdL2 } from '../../src/attacks/pgdL2';
import { pgdLinf } from '../../src/attacks/pgdLinf';
import type { Attack, PgdOptions } from '../../src/attacks/types';
import type { Classifier } from '../../src/classifier/types';
import { identity } from '../support/attackModels';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';

const badOptions: readonly { readonly argument: string; readonly values: readonly unknown[] }[] = [
  { argument: 'epsilon', values: [0, -0.1, Number.NaN, Number.POSITIVE_INFINITY, '0.3'] },
  { argument: 'steps', values: [0, -1, 1.5, Number.NaN] },
  { argument: 'restarts', values: [0, 2.5] },
  { argument: 'bounds', values: [[1, 0], [0, Number.NaN], 3] },
];

const badInputs = [
  { what: 'a batch of another shape', make: () => tf.zeros([2, 3]), code: 'INVALID_SHAPE' },
  { what: 'one image without a batch axis', make: () => tf.zeros([2]), code: 'INVALID_SHAPE' },
  { what: 'an empty batch', make: () => tf.zeros([0, 2]), code: 'EMPTY_INPUT' },
  { what: 'an int32 tensor', make: () => tf.zeros([1, 2], 'int32'), code: 'INVALID_ARGUMENT' },
  { what: 'a value above the bounds', make: () => tf.tensor2d([[0.5, 1.1]]), code: 'OUT_OF_BOUNDS' },
  { what: 'a value below the bounds', make: () => tf.tensor2d([[0.5, -0.1]]), code: 'OUT_OF_BOUNDS' },
  { what: 'NaN', make: () => tf.tensor2d([[0.5, Number.NaN]]), code: 'NON_FINITE' },
  { what: 'infinity', make: () => tf.tensor2d([[Number.POSITIVE_INFINITY, 0]]), code: 'NON_FINITE' },
] as const;

describe.each([
  ['pgdLinf', pgdLinf],
  ['pgdL2', pgdL2],
  ['apgdLinf', apgdLinf],
  ['maxConfidenceAttack', maxConfidenceAttack],
] as const)('%s', (fn, attack: Attack) => {
  let model: Classifier;
  let x: tf.Tensor;
  beforeAll(() => {
    model = identity(2);
    x = tf.tensor2d([[0.5, 0.25]]);
  });

  it.each(badOptions)('refuses $argument outside its range', async ({ argument, values }) => {
    for (const value of values) {
      const options = { [argument]: value } as PgdOptions;
      await expectRefusal(() => attack(model, x, options), { code: 'INVALID_OPTION', fn, argument });
    }
  });

  it.each(badInputs)('refuses $what', async ({ make, code }) => {
    const bad = make();
    await expectRefusal(() => attack(model, bad), { code, fn, argument: 'x' });
  });

  it('refuses a step size outside its range, and an option that no attack has', async () => {
    for (const stepSize of [0, -1, Number.NaN])
      await expectRefusal(() => attack(model, x, { stepSize }), { code: 'INVALID_OPTION', fn, argument: 'stepSize' });
    const misspelt = { stepsize: 0.1 } as PgdOptions;
    await expectRefusal(() => attack(model, x, misspelt), { code: 'INVALID_OPTION', fn, argument: 'options' });
  });

  it('refuses an objective or a callback that is not a function', async () => {
    for (const argument of ['objective', 'onStep'])
      await expectRefusal(() => attack(model, x, { [argument]: 'no function' } as never), {
        code: 'INVALID_ARGUMENT',
        fn,
        argument,
      });
  });

  it.each<[string, (z: tf.Tensor2D) => unknown]>([
    ['one number for the whole batch', (z) => tf.mean(z)],
    ['one number too many', (z) => tf.pad(tf.max(z, 1), [[0, 1]])],
    ['a column instead of a list', (z) => tf.max(z, 1, true)],
    ['one number for each logit', (z) => tf.reshape(z, [-1])],
  ])('refuses an objective that returns %s', async (_, objective) => {
    await expectRefusal(() => attack(model, x, { objective: objective as never }), {
      code: 'INVALID_SHAPE',
      fn,
      argument: 'objective',
    });
  });

  it('refuses to work without gradients', async () => {
    const gradient = tf.getGradient('BatchMatMul');
    tf.unregisterGradient('BatchMatMul');
    try {
      await expectRefusal(() => attack(model, x), { code: 'GRADIENTS_NOT_REGISTERED', fn, argument: 'model' });
    } finally {
      tf.registerGradient(gradient);
    }
  });

  it('stops when the signal fires, before the first step or after any, and leaves nothing behind', async () => {
    const refusal = { code: 'ABORTED', fn, argument: 'signal' } as const;
    await expectRefusal(() => attack(model, x, { signal: AbortSignal.abort() }), refusal);
    for (const last of [1, 3, 8]) {
      let done = 0;
      const controller = new AbortController();
      const onStep = () => {
        done++;
        if (done === last) controller.abort('enough');
      };
      const options = { steps: 4, restarts: 2, onStep, signal: controller.signal };
      await expectRefusal(() => attack(model, x, options), refusal);
      expect(done).toBe(last);
    }
  });

  it('passes on what a callback or a model throws, and leaves nothing behind', async () => {
    const boom = () => {
      throw new Error('boom');
    };
    await expectNoLeak(() => expect(() => attack(model, x, { onStep: boom })).toThrow('boom'));
    await expectNoLeak(() => expect(() => attack(model, x, { objective: boom })).toThrow('boom'));
  });
});

describe.each([
  ['pgdLinf', pgdLinf],
  ['pgdL2', pgdL2],
] as const)('%s', (fn, attack) => {
  it('refuses a step size that is not > 0', async () => {
    const model = identity(2);
    const x = tf.tensor2d([[0.5, 0.25]]);
    for (const stepSize of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      await expectRefusal(() => attack(model, x, { stepSize }), { code: 'INVALID_OPTION', fn, argument: 'stepSize' });
  });
});
