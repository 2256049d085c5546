import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { apgdLinf } from '../../src/attacks/apgdLinf';
import { attackDefaults, reachInWords, wasBlind } from '../../src/attacks/attackDefaults';
import { ATTACKS, attackName } from '../../src/attacks/attackTable';
import { maxConfidenceAttack } from '../../src/attacks/maxConfidenceAttack';
import { pgdL2 } from '../../src/attacks/pgdL2';
import { pgdLinf } from '../../src/attacks/pgdLinf';
import type { Attack, PgdOptions } from '../../src/attacks/types';
import { type Classifier, classifier, confidences } from '../../src/classifier/index';
import { firstLogit, randomMlp, uniformImages } from '../support/attackModels';

const unit = [0, 1] as const;
const bytes = [0, 255] as const;

/** The network of [0, 1] as it reads images of `[low, high]`. */
function stretched(bounds: readonly [number, number], seed: number): Classifier {
  const model = randomMlp(seed);
  const [low, high] = bounds;
  const logits = (x: tf.Tensor) => model.predict(tf.div(tf.sub(x, low), high - low)) as tf.Tensor2D;
  return classifier(logits, { bounds, inputShape: [6] });
}

/** What an attack tells of itself, without its tensors. */
function facts(attack: Attack, model: Classifier, x: tf.Tensor, options?: PgdOptions) {
  const { adversarial, objective, ...told } = attack(model, x, options);
  tf.dispose([adversarial, objective]);
  return told;
}

describe('attackDefaults', () => {
  it('has the protocols of the paper to the last bit: epsilon 0.3 and 40, 80 or 200 steps of 0.0075 on [0, 1]', () => {
    const paper = { epsilon: 0.3, steps: 40, stepSize: 0.0075, reach: 0.3 };
    expect(attackDefaults('pgdLinf', unit, {})).toEqual(paper);
    expect(attackDefaults('pgdLinf', unit, { steps: 80 })).toEqual({ ...paper, steps: 80 });
    expect(attackDefaults('pgdLinf', unit, { steps: 200 })).toEqual({ ...paper, steps: 200 });
    expect(attackDefaults('pgdLinf', unit, { epsilon: 0.1, steps: 80 }).stepSize).toBeCloseTo(0.0025, 15);
  });

  it('takes the radius from the width of the bounds: 0.3 of it, for pgdL2 all of it', () => {
    for (const bounds of [bytes, [-1, 1], [-3, 0.5]] as const) {
      const width = bounds[1] - bounds[0];
      for (const fn of ['pgdLinf', 'apgdLinf', 'maxConfidenceAttack'] as const)
        expect(attackDefaults(fn, bounds, {}).epsilon).toBe(0.3 * width);
      expect(attackDefaults('pgdL2', bounds, {})).toEqual({
        epsilon: width,
        steps: 40,
        stepSize: (2.5 * width) / 40,
        reach: width,
      });
    }
  });

  it('has 20 steps for maxConfidenceAttack, and no step size where the attack chooses it', () => {
    expect(attackDefaults('maxConfidenceAttack', unit, { stepSize: 1e-9 })).toEqual({
      epsilon: 0.3,
      steps: 20,
      stepSize: undefined,
      reach: 0.3,
    });
    expect(attackDefaults('apgdLinf', unit, {})).toEqual({ epsilon: 0.3, steps: 40, stepSize: undefined, reach: 0.3 });
  });

  it('reaches epsilon with every number of steps unless told a step that is too short', () => {
    for (let steps = 1; steps <= 300; steps++)
      for (const epsilon of [0.1, 0.3, 1 / 3, 76.5])
        for (const fn of ['pgdLinf', 'pgdL2'] as const)
          expect(attackDefaults(fn, bytes, { epsilon, steps }).reach).toBe(epsilon);
    expect(attackDefaults('pgdLinf', unit, { steps: 5 }).stepSize).toBe(0.15);
    expect(attackDefaults('pgdLinf', unit, { steps: 39 }).stepSize).toBe(0.75 / 39);
  });

  it('reaches the whole of epsilon by its own steps, however forty times a fortieth is rounded', () => {
    const radii = Array.from({ length: 200 }, (_, n) => (n + 1) / 97);
    expect(radii.some((epsilon) => 40 * (epsilon / 40) < epsilon)).toBe(true);
    for (const epsilon of radii)
      for (const steps of [10, 40, 41]) expect(attackDefaults('pgdLinf', unit, { epsilon, steps }).reach).toBe(epsilon);
    expect(attackDefaults('pgdLinf', unit, { epsilon: 0.3, steps: 40, stepSize: 0.00749 }).reach).toBeCloseTo(
      0.2996,
      12,
    );
  });

  it('lets what is given win, and says how far steps that are too short reach', () => {
    const told = attackDefaults('pgdLinf', unit, { steps: 5, stepSize: 0.0075 });
    expect(told).toEqual({ epsilon: 0.3, steps: 5, stepSize: 0.0075, reach: 0.0375 });
    expect(reachInWords(told)).toBe('5 steps of 0.0075 reach no farther than 0.0375, not epsilon 0.3');
    expect(reachInWords({ ...told, stepSize: undefined })).toBe(
      '5 steps reach no farther than 0.0375, not epsilon 0.3',
    );
    expect(reachInWords({ ...told, reach: undefined as never })).toBeUndefined();
    expect(reachInWords(attackDefaults('pgdLinf', unit, {}))).toBeUndefined();
    expect(reachInWords(attackDefaults('apgdLinf', unit, {}))).toBeUndefined();
  });
});

describe.each<{ name: string; attack: Attack }>([
  { name: 'pgdLinf', attack: pgdLinf },
  { name: 'pgdL2', attack: pgdL2 },
  { name: 'apgdLinf', attack: apgdLinf },
  { name: 'maxConfidenceAttack', attack: maxConfidenceAttack },
])('$name', ({ name, attack }) => {
  it('finds on pixels in [0, 255] or [-1, 1] what it finds on [0, 1], with its defaults and with its radius scaled', async () => {
    const start = uniformImages(5, 6, 1);
    const found = async (bounds: readonly [number, number], epsilon?: number, steps?: number) => {
      const model = stretched(bounds, 3);
      const width = bounds[1] - bounds[0];
      const x = tf.add(tf.mul(start, width), bounds[0]);
      const options = { seed: 1, ...(epsilon && { epsilon: epsilon * width }), ...(steps && { steps }) };
      const { adversarial, objective } = attack(model, x, options);
      const values = await confidences(model, adversarial);
      tf.dispose([adversarial, objective, x]);
      return values;
    };
    for (const [epsilon, steps] of [[], [0.1], [0.3, 5], [undefined, 100]] as const) {
      const expected = await found(unit, epsilon, steps);
      for (const bounds of [bytes, [-1, 1]] as const)
        (await found(bounds, epsilon, steps)).forEach((value, i) => {
          expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-3);
        });
    }
  });

  it('says in its result which settings held and how far its steps reach', () => {
    const model = stretched(bytes, 3);
    const x = tf.mul(uniformImages(2, 6, 1), 255);
    expect(facts(attack, model, x)).toMatchObject(attackDefaults(name as 'pgdLinf', bytes, {}));
    const fixed = name.startsWith('pgd');
    expect(facts(attack, model, x, { epsilon: 76.5, steps: 4, stepSize: 0.0075 })).toMatchObject({
      epsilon: 76.5,
      steps: 4,
      stepSize: fixed ? 0.0075 : undefined,
      reach: fixed ? 0.03 : 76.5,
    });
    // Bounds that are given hold, not those of the classifier.
    expect(facts(attack, model, x, { bounds: [-100, 400] }).epsilon).toBe(name === 'pgdL2' ? 500 : 150);
  });

  it('tells how many images it was blind on: those whose gradient was zero in every evaluation', () => {
    const rounded = (u: tf.Tensor) => tf.mul(tf.round(tf.mul(u, 4)), [3, 4]) as tf.Tensor2D;
    const x = tf.tensor2d([
      [0.2, 0.3],
      [0.9, 0.1],
      [0.1, 0.1],
    ]);
    const options = { epsilon: 0.05, steps: 3, restarts: 2, objective: firstLogit };
    const model = (f: (u: tf.Tensor) => tf.Tensor2D) => classifier(f, { inputShape: [2] });
    expect(facts(attack, model(rounded), x, options)).toMatchObject({ zeroGradients: 18, blindImages: 3 });
    const dead = (u: tf.Tensor) => tf.mul(tf.relu(tf.sub(u, 0.6)), [3, 4]) as tf.Tensor2D;
    expect(facts(attack, model(dead), x, { ...options, randomStart: false }).blindImages).toBe(2);
    expect(
      facts(
        attack,
        model((u) => tf.mul(u, 1)),
        x,
        options,
      ).blindImages,
    ).toBe(0);
  });
});

describe('an attack was blind', () => {
  it('where nine of ten images, or more, had no gradient', () => {
    expect([8, 9, 10].map((blind) => wasBlind(blind, 10))).toEqual([false, true, true]);
    expect([1, 2].map((blind) => wasBlind(blind, 2))).toEqual([false, true]);
  });

  it('on no image that it does not tell of, and on none where there are none', () => {
    expect([undefined, null, 0].map((blind) => wasBlind(blind, 10))).toEqual([false, false, false]);
    expect(wasBlind(0, 0)).toBe(false);
  });
});

describe('attackName', () => {
  it('is the name of an attack of this library, and nothing for any other function', () => {
    expect([apgdLinf, maxConfidenceAttack, pgdL2, pgdLinf].map(attackName)).toEqual([
      'apgdLinf',
      'maxConfidenceAttack',
      'pgdL2',
      'pgdLinf',
    ]);
    for (const [name, attack] of Object.entries(ATTACKS)) expect(attackName(attack)).toBe(name);
    expect(attackName((model, x) => pgdLinf(model, x))).toBeUndefined();
  });
});
