import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import {
  acetGradients,
  apgdLinf,
  type Bounds,
  classifier,
  createRng,
  evaluateOod,
  fit,
  gaussianLowPass,
  goodGradients,
  maxConfidenceAttack,
  paperNoise,
  permutePixels,
  pgdL2,
  pgdLinf,
  projectBox,
  stretchContrast,
  uniformNoise,
} from '../../src/index';
import { toPiecewiseAffine } from '../../src/regions';
import { alphaScaling } from '../../src/theory';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { onBackend } from '../support/onBackend';
import { seedWeights } from '../support/smallModels';

/** An age, a pressure and a share. */
const LOW = [18, -4, 0];
const HIGH = [82, 12, 0.5];
const WIDTH = HIGH.map((high, i) => high - LOW[i]!);
const bounds: Bounds = { low: LOW, high: HIGH };

const inUnits = (x: tf.Tensor) => tf.tidy(() => tf.div(tf.sub(x, LOW), WIDTH));
const outOfUnits = (u: tf.Tensor) => tf.tidy(() => tf.add(tf.mul(u, WIDTH), LOW));

/** A model of [0, 1]^3, and the same function of features in their own units. */
function pair(): { unit: LayersModel; own: LayersModel } {
  const unit = seedWeights(
    sequential({
      layers: [layers.dense({ inputShape: [3], units: 8, activation: 'relu' }), layers.dense({ units: 3 })],
    }),
    4,
  );
  const scaling = layers.dense({ inputShape: [3], units: 3, trainable: false });
  const own = sequential({ layers: [scaling, ...unit.layers] });
  tf.tidy(() => {
    const factors = WIDTH.map((width) => 1 / width);
    scaling.setWeights([tf.mul(tf.eye(3), tf.tensor1d(factors)), tf.tensor1d(LOW.map((low, i) => -low * factors[i]!))]);
  });
  return { unit, own };
}

async function close(got: tf.Tensor, expected: tf.Tensor, tolerance = 1e-5): Promise<void> {
  const [a, b] = [await got.data(), await expected.data()];
  expect(a.length).toBe(b.length);
  a.forEach((value, i) => {
    expect(Math.abs(value - b[i]!)).toBeLessThan(tolerance);
  });
}

const ATTACKS = { pgdLinf, pgdL2, apgdLinf, maxConfidenceAttack };

describe.each(['cpu', 'wasm'] as const)('bounds for each feature, on %s', (backend) => {
  test.each(Object.entries(ATTACKS))('%s does in widths of the features what it does in [0, 1]', async (_, attack) => {
    await onBackend(backend, async () => {
      const { unit, own } = pair();
      const u = uniformNoise([6, 3], { seed: 1 });
      const x = outOfUnits(u);
      const net = classifier(own, { bounds });
      for (const options of [
        { steps: 6, seed: 2 },
        { steps: 6, seed: 2, epsilon: 0.1, restarts: 2 },
      ]) {
        const expected = attack(unit, u, options);
        const got = await expectNoLeak(async () => {
          const found = attack(net, x, options);
          const { adversarial, objective, ...numbers } = found;
          const { adversarial: a, objective: o, ...theirs } = expected;
          expect(numbers).toEqual(theirs);
          const back = inUnits(adversarial);
          await close(back, a, 1e-4);
          await close(objective, o, 1e-4);
          const values = await adversarial.data();
          values.forEach((value, i) => {
            expect(value).toBeGreaterThanOrEqual(LOW[i % 3]!);
            expect(value).toBeLessThanOrEqual(HIGH[i % 3]!);
          });
          tf.dispose([adversarial, objective, back]);
          return numbers;
        });
        expect(got.epsilon).toBe(options.epsilon ?? (attack === pgdL2 ? 1 : 0.3));
        tf.dispose([expected.adversarial, expected.objective]);
      }
      tf.dispose([u, x]);
      own.dispose();
    });
  });

  test('noise is drawn in widths of the features', async () => {
    await onBackend(backend, () =>
      expectNoLeak(async () => {
        const u = uniformNoise([20, 3], { seed: 5 });
        const x = outOfUnits(u);
        for (const [got, expected] of [
          [uniformNoise([20, 3], { seed: 5, bounds }), tf.clone(u)],
          [permutePixels(x, { seed: 6, bounds }), permutePixels(u, { seed: 6 })],
          [paperNoise(x, { seed: 7, bounds }), paperNoise(u, { seed: 7 })],
        ] as const) {
          const back = inUnits(got);
          await close(back, expected);
          tf.dispose([got, expected, back]);
        }
        tf.dispose([u, x]);
      }),
    );
  });

  test('ACET, GOOD and fit see what they see in [0, 1]', async () => {
    await onBackend(backend, async () => {
      const { unit, own } = pair();
      const u = uniformNoise([6, 3], { seed: 1 });
      const x = outOfUnits(u);
      const y = tf.tensor1d([0, 1, 2, 0, 1, 2]);
      const net = classifier(own, { bounds });
      for (const gradients of [acetGradients, goodGradients]) {
        const options = { weightDecay: 0, ...(gradients === acetGradients && { steps: 4 }) };
        const expected = gradients(unit, { x: u, y }, { ...options, rng: createRng(3) });
        const got = gradients(net, { x, y }, { ...options, rng: createRng(3) });
        await close(got.loss, expected.loss, 1e-3);
        tf.dispose([got, expected]);
      }
      const { epochs } = await fit(net, { x, y }, { method: 'ceda', epochs: 1, batchSize: 3, seed: 1 });
      expect(epochs[0]!.outConfidence).toBeGreaterThan(1 / 3);
      tf.dispose([u, x, y]);
      own.dispose();
    });
  });
});

test('evaluateOod reports of features in their own bounds what it reports of the same model in [0, 1]', async () => {
  const { unit, own } = pair();
  const u = uniformNoise([12, 3], { seed: 1 });
  const x = outOfUnits(u);
  const y = tf.tensor1d(Array.from({ length: 12 }, (_, i) => i % 3));
  const settings = { adversarialNoise: { steps: 5 }, adversarialSamples: { steps: 5 }, seed: 3 } as const;
  const expected = await evaluateOod(unit, { in: { x: u, y }, ...settings });
  const got = await evaluateOod(classifier(own, { bounds }), { in: { x, y }, ...settings });
  expect(got.settings).toEqual(expected.settings);
  got.rows.forEach((row, i) => {
    expect(row.meanMaxConfidence).toBeCloseTo(expected.rows[i]!.meanMaxConfidence!, 3);
  });
  tf.dispose([u, x, y]);
  own.dispose();
});

test('alphaScaling clips each feature to its own interval', async () => {
  const model = seedWeights(
    sequential({
      layers: [layers.dense({ inputShape: [2], units: 4, activation: 'relu' }), layers.dense({ units: 2 })],
    }),
    3,
  );
  const net = toPiecewiseAffine(classifier(model, { bounds: { low: [0, 0], high: [1, 2] } }));
  const rows = [[0.2, 0.3]];
  // The box beyond [0, 1] x [0, 2] is never reached by this path, so a wider one changes nothing up to there.
  const options = { confidence: 0.6, overconfident: 0.6 };
  const own = await alphaScaling(net, rows, { ...options, bounds: { low: [0, 0], high: [1, 2] } });
  const square = await alphaScaling(net, rows, { ...options, bounds: { low: [0, 0], high: [2, 2] } });
  const same = await alphaScaling(net, rows, { ...options, bounds: [0, 2] });
  expect(square).toEqual(same);
  expect(own.medianAlpha).toBe(same.medianAlpha);
  await expectRefusal(() => alphaScaling(net, rows, { bounds: { low: [0], high: [1] } }), {
    code: 'INVALID_OPTION',
    fn: 'alphaScaling',
    argument: 'bounds',
  });
  model.dispose();
});

describe('bounds for each feature are refused', () => {
  const f = (x: tf.Tensor) => tf.reshape<tf.Rank.R2>(x, [x.shape[0]!, -1]);
  const where = (fn: string) => ({ code: 'INVALID_OPTION', fn, argument: 'bounds' }) as const;

  test.each<[string, unknown]>([
    ['of another number of features', { low: [0], high: [1] }],
    ['of no features', { low: [], high: [] }],
    ['with a list that is shorter', { low: [0, 0, 0], high: [1, 1] }],
    ['with low above high', { low: [0, 2, 0], high: [1, 1, 1] }],
    ['with equal numbers', { low: [0, 1, 0], high: [1, 1, 1] }],
    ['with NaN', { low: [0, Number.NaN, 0], high: [1, 1, 1] }],
    ['without high', { low: [0, 0, 0] }],
  ])('%s', async (_, wrong) => {
    await expectRefusal(() => classifier(f, { inputShape: [3], bounds: wrong as Bounds }), where('classifier'));
  });

  test('of images, and by functions that need one interval, in words', async () => {
    const x = tf.zeros([2, 3, 1, 1]);
    await expectRefusal(() => classifier(f, { inputShape: [3, 1, 1], bounds }), where('classifier'));
    await expectRefusal(() => gaussianLowPass(x, 1, { bounds }), where('gaussianLowPass'));
    await expectRefusal(() => stretchContrast(x, { bounds }), where('stretchContrast'));
    await expectRefusal(() => uniformNoise([2, 3, 1, 1], { bounds }), where('uniformNoise'));
    x.dispose();
  });

  test('with inputs outside them, naming the feature', async () => {
    const net = classifier(f, { inputShape: [3], bounds });
    const x = tf.tensor2d([[50, 0, 0.6]]);
    await expectRefusal(() => pgdLinf(net, x), { code: 'OUT_OF_BOUNDS', fn: 'pgdLinf', argument: 'x' });
    expect(() => pgdLinf(net, x)).toThrow(/bounds \[0, 0.5\] of feature 2/);
    x.dispose();
  });
});

test('projectBox projects each feature onto its own interval', async () => {
  const x = tf.tensor2d([
    [0, 0, 0],
    [100, 20, 0.2],
  ]);
  const y = projectBox(x, bounds);
  expect(Array.from(await y.data())).toEqual([18, 0, 0, 82, 12, Math.fround(0.2)]);
  tf.dispose([x, y]);
});
