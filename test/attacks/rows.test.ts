import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { apgdLinf, createRng, maxConfidenceAttack, pgdL2, pgdLinf } from '../../src/index';
import { randomMlp, uniformImages } from '../support/attackModels';
import { expectRefusal } from '../support/expectRefusal';

const model = randomMlp(3);
const x = uniformImages(7, 6, 4);
const made: tf.Tensor[] = [];
afterEach(() => tf.dispose(made.splice(0)));

describe.each(Object.entries({ pgdLinf, pgdL2, apgdLinf, maxConfidenceAttack }))(
  '%s on a part of a batch',
  (fn, attack) => {
    it('finds, told its rows, what it finds for them in the whole batch, and leaves the stream where the whole does', async () => {
      const options = { epsilon: 0.2, steps: 5, restarts: 2 };
      const rng = createRng(8);
      const whole = attack(model, x, { ...options, rng });
      made.push(whole.adversarial, whole.objective);
      for (const [first, count] of [
        [0, 3],
        [3, 1],
        [4, 3],
      ] as const) {
        const ownRng = createRng(8);
        const rows = { first, of: 7 };
        const part = attack(model, tf.slice(x, first, count), { ...options, rng: ownRng, rows });
        made.push(part.adversarial, part.objective);
        expect(await part.adversarial.array()).toEqual(await tf.slice(whole.adversarial, first, count).array());
        expect(ownRng.save()).toEqual(rng.save());
      }
    });

    it.each([
      [{ first: -1, of: 7 }, 'rows.first'],
      [{ first: 1, of: 7 }, 'rows.of'],
      [{ first: 0, of: 7.5 }, 'rows.of'],
    ])('refuses the rows %o', async (rows, argument) => {
      await expectRefusal(() => attack(model, x, { rows }), { code: 'INVALID_OPTION', fn, argument });
    });
  },
);
