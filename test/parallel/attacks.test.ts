import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ATTACKS } from '../../src/attacks/attackTable';
import type { Attack, AttackOptions, AttackResult, AttackStep } from '../../src/attacks/types';
import {
  acetGradients,
  apgdLinf,
  classifier,
  createRng,
  crossEntropyTo,
  lpOut,
  maxConfidenceAttack,
  maxLogOdds,
  pgdL2,
  pgdLinf,
  uniformCrossEntropy,
} from '../../src/index';
import type { TrainingPool } from '../../src/parallel/index';
import { randomMlp, uniformImages } from '../support/attackModels';
import { expectNoLeak } from '../support/expectNoLeak';
import { startPool } from './startPool';

const model = randomMlp(1);
const x = uniformImages(9, 6, 2);
const labels = tf.tensor1d([0, 1, 2, 3, 0, 1, 2, 3, 0], 'int32');
const alone = { pgdLinf, pgdL2, apgdLinf, maxConfidenceAttack };
const attacks = ['pgdLinf', 'pgdL2', 'apgdLinf', 'maxConfidenceAttack'] as const;
let pool: TrainingPool;

beforeAll(async () => {
  pool = await startPool(model, { workers: 2 });
});
afterAll(() => tf.dispose([x, labels]));

async function plain({ adversarial, objective, ...counts }: AttackResult) {
  const numbers = { adversarial: await adversarial.array(), objective: await objective.array() };
  tf.dispose([adversarial, objective]);
  return { ...numbers, ...counts };
}

describe.each(attacks)('%s on a pool', (name) => {
  const cases: Readonly<Record<string, AttackOptions>> = {
    'default options': { steps: 8, seed: 5 },
    'restarts and the last iterate': { steps: 4, restarts: 2, keepBest: false, epsilon: 0.2, seed: 6 },
    'cross entropy to labels': { steps: 4, objective: crossEntropyTo(labels, 4) },
    'cross entropy to one-hot rows': { steps: 4, objective: crossEntropyTo(tf.oneHot(labels, 4), 4) },
    'another loss of the library': { steps: 4, objective: maxLogOdds, bounds: [-1, 2] },
    'a loss that workers do not know': { steps: 4, objective: (z) => tf.max<tf.Tensor1D>(z, 1) },
    'a batch that is itself a part of one': { steps: 4, rows: { first: 3, of: 20 } },
  };

  it.each(Object.keys(cases))('finds bit for bit what the function finds: %s', async (which) => {
    const expected = await plain(alone[name](model, x, cases[which]!));
    expect(await expectNoLeak(async () => plain(await pool[name](x, cases[which]!)))).toEqual(expected);
  });

  it('moves a stream of random numbers on as the function does', async () => {
    const [one, other] = [createRng(3), createRng(3)];
    tf.dispose(
      [alone[name](model, x, { steps: 2, rng: one })].map(({ adversarial, objective }) => [adversarial, objective]),
    );
    const { adversarial, objective } = await pool[name](x, { steps: 2, rng: other });
    tf.dispose([adversarial, objective]);
    expect(other.save()).toEqual(one.save());
  });

  it('tells every step once, in order', async () => {
    const seen: AttackStep[] = [];
    const onStep = (at: AttackStep) => seen.push(at);
    await plain(await pool[name](x, { steps: 3, restarts: 2, onStep }));
    const steps = [1, 2, 3];
    expect(seen).toEqual([1, 2].flatMap((restart) => steps.map((step) => ({ step, steps: 3, restart, restarts: 2 }))));
  });
});

const someOf = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
/** Options of an attack, each of them given or left to the attack's own default. */
const anyOptions = fc
  .record({
    epsilon: someOf(fc.constantFrom(0.05, 0.7)),
    steps: someOf(fc.integer({ min: 1, max: 6 })),
    stepSize: someOf(fc.constantFrom(0.01, 0.4)),
    restarts: someOf(fc.integer({ min: 1, max: 2 })),
    randomStart: someOf(fc.boolean()),
    keepBest: someOf(fc.boolean()),
    bounds: someOf(fc.constantFrom([-1, 2] as const, [0, 255] as const)),
    objective: someOf(fc.constantFrom(lpOut, maxLogOdds, uniformCrossEntropy)),
    seed: someOf(fc.integer()),
  })
  .map((options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)));

describe.each(attacks)('%s on a pool of a model with bounds [-0.5, 1.5]', (name) => {
  const bounds = [-0.5, 1.5] as const;
  let wide: TrainingPool;
  beforeAll(async () => {
    wide = await startPool(model, { workers: 2, bounds });
  });

  it('has the defaults of the attack and of the bounds for what is not said, whatever is said', async () => {
    const net = classifier(model, { bounds });
    await fc.assert(
      fc.asyncProperty(anyOptions, async (options) => {
        const expected = await plain(alone[name](net, x, options));
        expect(await plain(await wide[name](x, options))).toEqual(expected);
      }),
      { numRuns: 15, seed: 1, examples: [[{}]] },
    );
  });

  it('is the attack of acetGradients with the settings that the attack has by itself', async () => {
    const net = classifier(model, { bounds });
    const batch = { x, y: labels };
    for (const given of [{}, { epsilon: 0.2 }, { steps: 5 }, { steps: 3, stepSize: 0.1 }]) {
      const options = { attack: ATTACKS[name] as Attack, seed: 3, noise: (images: tf.Tensor) => images, ...given };
      const [one, other] = [acetGradients(net, batch, options), await wide.acetGradients(batch, options)];
      expect((await other.outConfidence.data())[0]).toBeCloseTo((await one.outConfidence.data())[0]!, 6);
      for (const { grads, ...scalars } of [one, other]) tf.dispose([grads, { ...scalars }]);
    }
  });
});

describe('an attack on a pool', () => {
  it('works on fewer images than there are workers', async () => {
    const one = tf.slice(x, [2, 0], [1, 6]);
    const expected = await plain(pgdLinf(model, one, { steps: 5 }));
    expect(await plain(await pool.pgdLinf(one, { steps: 5 }))).toEqual(expected);
    one.dispose();
  });

  it('uses the weights that the model has when its turn comes', async () => {
    const before = await plain(await pool.pgdLinf(x, { steps: 3 }));
    const changed = model.getWeights().map((weight) => tf.mul(weight, 1.5));
    model.setWeights(changed);
    tf.dispose(changed);
    const after = await plain(await pool.pgdLinf(x, { steps: 3 }));
    expect(after).toEqual(await plain(pgdLinf(model, x, { steps: 3 })));
    expect(after).not.toEqual(before);
  });
});
