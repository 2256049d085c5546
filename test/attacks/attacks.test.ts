import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { apgdLinf } from '../../src/attacks/apgdLinf';
import { maxConfidenceAttack } from '../../src/attacks/maxConfidenceAttack';
import { pgdL2 } from '../../src/attacks/pgdL2';
import { pgdLinf } from '../../src/attacks/pgdLinf';
import type { Attack, PgdOptions } from '../../src/attacks/types';
import { createRng } from '../../src/core/rng';
import { lpOut } from '../../src/losses/lpOut';
import { maxLogOdds } from '../../src/losses/maxLogOdds';
import { firstLogit, identity, linear, randomMlp, uniformImages } from '../support/attackModels';
import { expectNoLeak } from '../support/expectNoLeak';
import { onBackend } from '../support/onBackend';

const attacks: readonly { readonly name: string; readonly attack: Attack }[] = [
  { name: 'pgdLinf', attack: pgdLinf },
  { name: 'pgdL2', attack: pgdL2 },
  { name: 'apgdLinf', attack: apgdLinf },
  { name: 'maxConfidenceAttack', attack: maxConfidenceAttack },
];

/** Runs an attack and returns plain numbers. */
function run(attack: Attack, model: Parameters<Attack>[0], x: tf.Tensor, options?: PgdOptions) {
  const { adversarial, objective, ...counts } = attack(model, x, options);
  const result = { ...counts, adversarial: [...adversarial.dataSync()], objective: [...objective.dataSync()] };
  tf.dispose([adversarial, objective]);
  return result;
}

describe.each(attacks)('$name', ({ name, attack }) => {
  it('returns points inside the ball and exactly inside the box, whether the best or the last', () => {
    const norm = (v: number[]) => (name === 'pgdL2' ? Math.hypot(...v) : Math.max(...v.map(Math.abs)));
    const settings = fc.record({
      epsilon: fc.double({ min: 0.02, max: 1.5, noNaN: true }),
      stepSize: fc.double({ min: 0.01, max: 1, noNaN: true }),
      steps: fc.integer({ min: 1, max: 12 }),
      keepBest: fc.boolean(),
      randomStart: fc.boolean(),
      seed: fc.integer({ min: 0, max: 1000 }),
    });
    fc.assert(
      fc.property(settings, fc.integer({ min: 1, max: 3 }), (options, batch) => {
        tf.tidy(() => {
          const model = identity(5, [0.1, 0.7]);
          const x = projectTo(uniformImages(batch, 5, options.seed), 0.1, 0.7);
          const objective = (z: tf.Tensor2D) => tf.sum<tf.Tensor1D>(tf.sin(tf.mul(z, [9, -7, 5, 11, -3])), 1);
          const { adversarial } = run(attack, model, x, { ...options, objective });
          const clean = x.dataSync();
          expect(adversarial.every((v) => v >= Math.fround(0.1) && v <= Math.fround(0.7))).toBe(true);
          for (let row = 0; row < batch; row++) {
            const moved = Array.from({ length: 5 }, (_, i) => adversarial[5 * row + i]! - clean[5 * row + i]!);
            expect(norm(moved)).toBeLessThanOrEqual(options.epsilon + 1e-6);
          }
        });
      }),
      { numRuns: 40 },
    );
  });

  it('never returns less than the image itself, and reports the objective of what it returns', () => {
    for (let seed = 0; seed < 6; seed++) {
      const model = randomMlp(seed);
      const x = uniformImages(5, 6, seed);
      const clean = lpOut(model.predict(x) as tf.Tensor2D).dataSync();
      // Steps as long as the ball make single iterates worse than the start.
      const { adversarial, objective } = attack(model, x, {
        epsilon: 0.3,
        stepSize: 0.6,
        steps: 3,
        seed,
        objective: lpOut,
      });
      const again = lpOut(model.predict(adversarial) as tf.Tensor2D).dataSync();
      objective.dataSync().forEach((v, i) => {
        expect(v).toBeGreaterThanOrEqual(clean[i]!);
        expect(v).toBeCloseTo(again[i]!, 6);
      });
    }
  });

  it('keeps the un-attacked image when the attack can only do harm', () => {
    const peak = (z: tf.Tensor2D) => tf.neg(tf.sum<tf.Tensor1D>(tf.square(tf.sub(z, 0.5)), 1));
    const x = tf.tensor2d([[0.5, 0.5]]);
    expect(run(attack, identity(2), x, { epsilon: 0.3, steps: 4, objective: peak, seed: 3 }).adversarial).toEqual([
      0.5, 0.5,
    ]);
  });

  it('leaves uniform logits, where all classes are tied and the derivative of a maximum would cancel', () => {
    const x = tf.tensor2d([[0.5, 0.5]]);
    const tied = (u: tf.Tensor) =>
      tf.matMul<tf.Tensor2D>(
        tf.sub<tf.Tensor2D>(u, 0.5),
        tf.tensor2d([
          [3, -3],
          [1, -1],
        ]),
      );
    const { objective, zeroGradients } = run(attack, tied, x, {
      epsilon: 0.2,
      steps: 10,
      stepSize: 0.05,
      randomStart: false,
    });
    expect(objective[0]).toBeGreaterThan(-Math.log(2) + 0.2);
    expect(zeroGradients).toBe(0);
  });

  // The restarts of maxConfidenceAttack differ from one another, and it chooses its starts; its own tests count passes.
  it.skipIf(name === 'maxConfidenceAttack')('keeps for each image its own best restart', () => {
    const model = randomMlp(11);
    const x = uniformImages(12, 6, 4);
    const options = { epsilon: 0.25, steps: 2, stepSize: 0.05, objective: maxLogOdds };
    const rng = createRng('restarts');
    const runs = [1, 2, 3].map(() => run(attack, model, x, { ...options, rng }).objective);
    const together = run(attack, model, x, { ...options, rng: createRng('restarts'), restarts: 3 }).objective;
    expect(together).toEqual(together.map((_, i) => Math.max(...runs.map((values) => values[i]!))));
    const winners = new Set(together.map((best, i) => runs.findIndex((values) => values[i] === best)));
    expect(winners.size).toBeGreaterThan(1);
  });

  it('gives the same result for the same seed, and another for another', () => {
    const model = randomMlp(2);
    const x = uniformImages(4, 6, 1);
    const options = { epsilon: 0.2, steps: 3, stepSize: 0.02 };
    const first = run(attack, model, x, { ...options, seed: 'a' });
    expect(run(attack, model, x, { ...options, seed: 'a' })).toEqual(first);
    expect(run(attack, model, x, { ...options, seed: 'b' }).adversarial).not.toEqual(first.adversarial);
    expect(run(attack, model, x, options)).toEqual(run(attack, model, x, { ...options, seed: 0 }));
  });

  it.skipIf(name === 'maxConfidenceAttack')(
    'counts one gradient pass per step and restart, and takes one forward pass per restart and one for the images',
    () => {
      let forward = 0;
      let backward = 0;
      const counting = (z: tf.Tensor2D) => {
        forward++;
        return tf.customGrad<tf.Tensor1D>((...inputs) => {
          const input = inputs[0] as tf.Tensor2D;
          const gradFunc = (dy: tf.Tensor1D) => {
            backward++;
            return tf.mul(tf.expandDims(dy, 1), [1, 0]);
          };
          return { value: firstLogit(input), gradFunc };
        })(z);
      };
      const x = tf.tensor2d([
        [0.5, 0.5],
        [0.1, 0.2],
      ]);
      const options = { epsilon: 0.1, steps: 7, restarts: 3, objective: counting };
      const { gradientEvaluations } = run(attack, identity(2), x, options);
      expect([gradientEvaluations, backward, forward]).toEqual([21, 21, 21 + 3 + 1]);
      forward = 0;
      run(attack, identity(2), x, { ...options, randomStart: false });
      expect(forward).toBe(21 + 3);
    },
  );

  it('counts images whose gradient is exactly zero, evaluation by evaluation', () => {
    const dead = (u: tf.Tensor) => tf.mul(tf.relu(tf.sub(u, 0.6)), [3, 4]) as tf.Tensor2D;
    const x = tf.tensor2d([
      [0.2, 0.3],
      [0.9, 0.1],
      [0.1, 0.1],
    ]);
    const { zeroGradients, nonFiniteGradients } = run(attack, dead, x, {
      epsilon: 0.1,
      steps: 5,
      restarts: 2,
      objective: firstLogit,
      randomStart: false,
    });
    expect([zeroGradients, nonFiniteGradients]).toEqual([20, 0]);
  });

  it.each([
    { what: 'infinite', factor: 1 },
    { what: 'NaN', factor: 0 },
  ])('takes $what gradient entries as zero and counts the images that had them', async ({ factor }) => {
    // At 0 the root has slope infinity; times zero that is NaN. The other coordinate must climb all the same.
    const root = (u: tf.Tensor) => tf.concat2d([tf.mul(tf.sqrt(first(u)), factor) as tf.Tensor2D, second(u)], 1);
    const objective = (z: tf.Tensor2D) => tf.sum<tf.Tensor1D>(z, 1);
    const go = () => {
      const x = tf.tensor2d([
        [0, 0.5],
        [0.3, 0.5],
      ]);
      const options = { epsilon: 0.1, steps: 6, stepSize: 0.05, objective, randomStart: false };
      return run(attack, root, x, options);
    };
    for (const result of [go(), await onBackend('wasm', go)]) {
      expect(result.nonFiniteGradients).toBe(6);
      expect(result.zeroGradients).toBe(0);
      expect(result.adversarial[0]).toBe(0);
      expect(result.adversarial[1]).toBeCloseTo(0.6, 5);
    }
  });

  it('never prefers a point whose objective is NaN', () => {
    const objective = (z: tf.Tensor2D) => firstLogit(tf.log(tf.sub<tf.Tensor2D>(0.55, z)));
    const falling = (z: tf.Tensor2D) => tf.neg(objective(z));
    // -log(0.55 - x) climbs towards 0.55 and is NaN beyond.
    const result = run(attack, identity(2), tf.tensor2d([[0.5, 0.5]]), {
      epsilon: 0.2,
      steps: 8,
      stepSize: 0.02,
      objective: falling,
    });
    expect(result.objective[0]).toBeGreaterThanOrEqual(-Math.log(0.05) - 1e-5);
    expect(result.adversarial[0]).toBeLessThanOrEqual(0.55);
  });

  it('does not change the model: batch-norm averages, weights and predictions stay the same', () => {
    const model = sequential({
      layers: [
        layers.dense({ inputShape: [4], units: 8, activation: 'relu' }),
        layers.batchNormalization({}),
        layers.dropout({ rate: 0.5 }),
        layers.dense({ units: 3, activation: 'softmax' }),
      ],
    });
    const x = uniformImages(6, 4, 9);
    const state = () => [
      ...model.getWeights().map((w) => [...w.dataSync()]),
      [...(model.predict(x) as tf.Tensor).dataSync()],
    ];
    const before = state();
    const once = run(attack, model, x, { steps: 5 });
    expect(state()).toEqual(before);
    expect(run(attack, model, x, { steps: 5 })).toEqual(once);
  });

  it('reads nothing back inside its loop', () => {
    const model = randomMlp(1);
    const x = uniformImages(3, 6, 1);
    attack(model, x, { steps: 1 });
    const reads = (steps: number) => {
      const spy = vi.spyOn(tf.engine(), 'readSync');
      attack(model, x, { steps, restarts: 2 });
      const count = spy.mock.calls.length;
      spy.mockRestore();
      return count;
    };
    expect(reads(9)).toBe(reads(2));
  });

  it('holds the same number of tensors after every step, and in the end leaves only its two results', async () => {
    const model = randomMlp(1);
    const x = uniformImages(3, 6, 1);
    const held: number[] = [];
    await expectNoLeak(() => {
      const { adversarial, objective } = attack(model, x, {
        steps: 8,
        restarts: 3,
        onStep: () => held.push(tf.memory().numTensors),
      });
      tf.dispose([adversarial, objective]);
    });
    expect(new Set(held.slice(1)).size).toBe(1);
    await expectNoLeak(() => {
      const { adversarial, objective } = attack(model, x, { steps: 2, randomStart: false, keepBest: false });
      tf.dispose([adversarial, objective]);
    });
    expect(x.isDisposed).toBe(false);
  });

  it('reports every step of every restart', () => {
    const seen: string[] = [];
    run(attack, identity(2), tf.tensor2d([[0.5, 0.5]]), {
      steps: 2,
      restarts: 2,
      onStep: ({ step, steps, restart, restarts }) => seen.push(`${step}/${steps} ${restart}/${restarts}`),
    });
    expect(seen).toEqual(['1/2 1/2', '2/2 1/2', '1/2 2/2', '2/2 2/2']);
  });

  it('agrees between the cpu and the wasm backend to 1e-4', async () => {
    const go = () => {
      const model = randomMlp(5);
      const x = uniformImages(8, 6, 2);
      return run(attack, model, x, { epsilon: 0.2, steps: 10, stepSize: 0.03, seed: 1 });
    };
    const onCpu = go();
    const onWasm = await onBackend('wasm', go);
    onCpu.objective.forEach((v, i) => {
      expect(Math.abs(onWasm.objective[i]! - v)).toBeLessThan(1e-4);
    });
  });

  it('works on images with more than one axis', () => {
    const model = sequential({
      layers: [
        layers.conv2d({ inputShape: [4, 4, 2], filters: 3, kernelSize: 3, activation: 'relu' }),
        layers.flatten(),
        layers.dense({ units: 3 }),
      ],
    });
    const x = tf.reshape(uniformImages(2, 32, 7), [2, 4, 4, 2]);
    const { adversarial, objective } = attack(model, x, { steps: 3 });
    expect([adversarial.shape, objective.shape]).toEqual([[2, 4, 4, 2], [2]]);
  });
});

describe('worst cases of a linear model', () => {
  const w = [2, -1, 0.5, -3];
  const images = [
    [0.5, 0.5, 0.5, 0.5],
    [0.95, 0.02, 0.9, 0.6],
  ];

  it.each([
    { name: 'pgdLinf', attack: pgdLinf },
    { name: 'apgdLinf', attack: apgdLinf },
  ])('$name finds the best corner of box and ball exactly', ({ attack }) => {
    const { objective } = run(attack, linear(w), tf.tensor2d(images), {
      epsilon: 0.2,
      steps: 100,
      objective: firstLogit,
    });
    images.forEach((image, row) => {
      const best = image.reduce(
        (sum, v, i) => sum + w[i]! * (w[i]! > 0 ? Math.min(v + 0.2, 1) : Math.max(v - 0.2, 0)),
        0,
      );
      expect(objective[row]).toBeCloseTo(best, 5);
    });
  });

  it('pgdL2 comes as near as its step to the best point of box and ball', () => {
    // The steps together reach from any start to the far side of the ball.
    const options = { epsilon: 0.4, steps: 500, stepSize: 0.003, objective: firstLogit };
    const { objective } = run(pgdL2, linear(w), tf.tensor2d(images), options);
    images.forEach((image, row) => {
      // The best difference is clip(t w) to the box, with t such that its length is epsilon (Karush-Kuhn-Tucker).
      const difference = (t: number) => w.map((v, i) => Math.min(Math.max(t * v, -image[i]!), 1 - image[i]!));
      let [low, high] = [0, 100];
      for (let i = 0; i < 100; i++) {
        const t = (low + high) / 2;
        if (Math.hypot(...difference(t)) < 0.4) low = t;
        else high = t;
      }
      const best = image.reduce((sum, v, i) => sum + w[i]! * (v + difference(low)[i]!), 0);
      expect(objective[row]).toBeLessThanOrEqual(best + 1e-5);
      expect(objective[row]).toBeGreaterThan(best - 0.005);
    });
  });

  it('pgdLinf takes steps of exactly `stepSize` in every coordinate', () => {
    const options = { epsilon: 0.3, steps: 3, stepSize: 0.05, randomStart: false, objective: firstLogit };
    const { adversarial } = run(pgdLinf, linear(w), tf.tensor2d([[0.5, 0.5, 0.5, 0.5]]), options);
    [0.65, 0.35, 0.65, 0.35].forEach((v, i) => {
      expect(adversarial[i]).toBeCloseTo(v, 6);
    });
  });

  it('pgdL2 takes steps of exactly `stepSize` along the gradient, however small the gradient is', () => {
    const tiny = (z: tf.Tensor2D) => tf.mul(firstLogit(z), 1e-30) as tf.Tensor1D;
    const options = { epsilon: 0.3, steps: 2, stepSize: 0.05, randomStart: false, keepBest: false, objective: tiny };
    const { adversarial } = run(pgdL2, linear([3, 4]), tf.tensor2d([[0.5, 0.5]]), options);
    expect(adversarial[0]).toBeCloseTo(0.56, 6);
    expect(adversarial[1]).toBeCloseTo(0.58, 6);
  });

  it('with keepBest: false the last iterate is returned, worse or not', () => {
    const peak = (z: tf.Tensor2D) => tf.neg(tf.sum<tf.Tensor1D>(tf.square(tf.sub(z, 0.5)), 1));
    const options = { epsilon: 0.4, steps: 1, stepSize: 0.3, randomStart: false, objective: peak };
    const x = tf.tensor2d([[0.45, 0.45]]);
    expect(run(pgdLinf, identity(2), x, options).adversarial[0]).toBeCloseTo(0.45, 6);
    expect(run(pgdLinf, identity(2), x, { ...options, keepBest: false }).adversarial[0]).toBeCloseTo(0.75, 6);
  });

  it('a narrower box given as `bounds` is respected', () => {
    const options = { epsilon: 0.3, bounds: [0.4, 0.6], objective: firstLogit } as const;
    const { adversarial } = run(pgdLinf, linear(w), tf.tensor2d([[0.5, 0.5, 0.5, 0.5]]), options);
    [0.6, 0.4, 0.6, 0.4].forEach((v, i) => {
      expect(adversarial[i]).toBeCloseTo(v, 6);
    });
  });
});

function projectTo(x: tf.Tensor2D, low: number, high: number): tf.Tensor2D {
  return tf.clipByValue(x, low, high);
}

function first(u: tf.Tensor): tf.Tensor2D {
  return tf.slice(u as tf.Tensor2D, [0, 0], [-1, 1]);
}

function second(u: tf.Tensor): tf.Tensor2D {
  return tf.slice(u as tf.Tensor2D, [0, 1], [-1, 1]);
}
