import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { confidences, predictions } from '../../src/classifier';
import { type GuaranteedClassifier, radialTemperature, reluGpResidual, restoreGuarantee } from '../../src/guarantees';
import { coolRadius } from '../../src/guarantees/wrapper/cooledClassifier';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import {
  attackBound,
  attackRadius,
  cloud,
  compareGradients,
  confidencesAt,
  expectEvaluates,
  networks,
  shapeOf,
} from './wrapped';

const wrappers = { radialTemperature, reluGpResidual } as const;
const cases = Object.entries(wrappers).flatMap(([name, wrapper]) =>
  Object.entries(networks).map(([network, build]) => ({ name, wrapper, network, build })),
);

describe.each(cases)('$name on a network that is $network', ({ wrapper, network, build }) => {
  const seeds = network === 'dense, 2 classes' ? [0, 1] : [0];

  it('has no confidence above its bound in a ball, near the data or far away', async () => {
    for (const seed of seeds) {
      const model = build(seed);
      const x = cloud(40, shapeOf(model), seed);
      const least = await expectNoLeak(async () => attackBound(await wrapper(model, x, { tolerance: 0.02 }), seed));
      expect(least).toBeLessThan(1 / model.outputs[0]!.shape[1]! + 0.01);
      tf.dispose(x);
      model.dispose();
    }
  });

  it('is uniform up to epsilon beyond its radius, up to where float32 ends', async () => {
    for (const seed of seeds) {
      const model = build(seed);
      const x = cloud(40, shapeOf(model), seed);
      const safe = await wrapper(model, x);
      for (const epsilon of [0.001, 0.1]) await attackRadius(safe, epsilon, seed);
      expect(safe.farAwayRadius(1)).toBe(0);
      expect(safe.asymptote).toBe(1 / safe.classes);
      tf.dispose(x);
      model.dispose();
    }
  });

  it('keeps the predicted classes, and on the data all confidence but the tolerance', async () => {
    const model = build(7);
    const x = cloud(60, shapeOf(model), 7);
    const safe = await wrapper(model, x, { tolerance: 0.02 });
    expect(await predictions(safe, x)).toEqual(await predictions(model, x));
    const mean = (values: Float64Array) => values.reduce((a, b) => a + b) / values.length;
    const fall = mean(await confidences(model, x)) - mean(await confidences(safe, x));
    expect(fall).toBeGreaterThan(0.0199);
    expect(fall).toBeLessThan(0.0201);
    tf.dispose(x);
    model.dispose();
  });

  it('has the gradient of its own logits', async () => {
    const model = build(8);
    const x = cloud(30, shapeOf(model), 8);
    const safe = await wrapper(model, x, { tolerance: 0.05 });
    const point = tf.slice(x, 0, 1);
    await expectNoLeak(() => compareGradients(safe, point));
    tf.dispose([x, point]);
    model.dispose();
  });

  it('is the same after a way through JSON', async () => {
    const model = build(9);
    const x = cloud(30, shapeOf(model), 9);
    const safe = await wrapper(model, x, { bounds: [-1, 2] });
    const again = await restoreGuarantee(model, JSON.parse(JSON.stringify(safe.save())));
    expect(again.bounds).toEqual([-1, 2]);
    expect(await confidences(again, x)).toEqual(await confidences(safe, x));
    expect(await again.confidenceBound(x, 0.1)).toEqual(await safe.confidenceBound(x, 0.1));
    expect(again.farAwayRadius(0.01)).toBe(safe.farAwayRadius(0.01));
    expect(again.variables).toEqual(safe.variables);
    tf.dispose(x);
    model.dispose();
  });
});

describe('radialTemperature', () => {
  it('is (f(x) - max f(x)) / (1 + beta |x - c|^2), c being the mean of the data', async () => {
    const model = networks['dense, 2 classes']!(1);
    const x = tf.tensor2d([
      [0, 0],
      [1, 1],
      [0.5, 2],
    ]);
    const safe = await radialTemperature(model, x, { tolerance: 0.05 });
    expect([...safe.centre]).toEqual([0.5, 1]);
    const [plain, cooled] = [model.predict(x) as tf.Tensor2D, safe.logits(x)];
    const [f, z] = [await plain.array(), await cooled.array()];
    for (const [i, squared] of [1.25, 0.25, 1].entries())
      for (const k of [0, 1])
        expect(z[i]![k]).toBeCloseTo((f[i]![k]! - Math.max(...f[i]!)) / (1 + safe.beta * squared), 5);
    tf.dispose([x, plain, cooled]);
    model.dispose();
  });
});

describe('reluGpResidual', () => {
  it('is (f(x) - max f(x)) / sqrt(1 + pi/8 v(x)) with v the variance of infinitely many ReLU features', async () => {
    const model = networks['dense, 2 classes']!(1);
    const x = tf.tensor2d([
      [0, 0],
      [1, 2],
    ]);
    const safe = await reluGpResidual(model, x, { tolerance: 0.05 });
    // Features relu(t - s) for s in [0, t] with independent weights of variance sigma^2 ds have the variance
    // sigma^2 times the integral of (t - s)^2 over s; here by the midpoint rule, on each axis, and averaged.
    const steps = 2000;
    const integral = (t: number) => {
      let sum = 0;
      for (let i = 0; i < steps; i++) sum += ((t * (i + 0.5)) / steps) ** 2;
      return (sum * t) / steps;
    };
    const point = tf.tensor2d([[2.5, 4]]);
    const [plain, cooled] = [model.predict(point) as tf.Tensor2D, safe.logits(point)];
    const [f, z] = [await plain.data(), await cooled.data()];
    const variance = (safe.sigmaSquared * (integral(2) + integral(3))) / 2;
    for (const k of [0, 1])
      expect(z[k]).toBeCloseTo((f[k]! - Math.max(f[0]!, f[1]!)) / Math.sqrt(1 + (Math.PI / 8) * variance), 4);
    tf.dispose([x, point, plain, cooled]);
    model.dispose();
  });
});

describe('both', () => {
  const byName = Object.entries(wrappers);

  it.each(byName)('%s can be evaluated and attacked as any classifier', async (_name, wrapper) => {
    const model = networks['dense, 2 classes']!(2);
    const x = cloud(20, [2], 2);
    const y = tf.tensor1d(await predictions(model, x), 'int32');
    const safe: GuaranteedClassifier = await wrapper(model, x);
    await expectEvaluates(safe, x, y);
    tf.dispose([x, y]);
    model.dispose();
  });

  it.each(byName)('%s wraps any function whose Lipschitz constant is stated', async (_name, wrapper) => {
    const f = (x: tf.Tensor) => tf.mul(x, tf.tensor1d([3, -4])) as tf.Tensor2D;
    const x = cloud(20, [2], 3);
    const safe = await wrapper(f, x, { lipschitz: 5 * (1 + 1e-5) });
    await attackBound(safe, 1);
    await attackRadius(safe, 0.01, 1);
    const again = await restoreGuarantee(f, safe.save());
    expect(again.farAwayRadius(0.01)).toBe(safe.farAwayRadius(0.01));
    const refused = { code: 'UNSUPPORTED_MODEL', fn: wrapper.name, argument: 'model' } as const;
    await expectRefusal(() => wrapper(f, x), refused);
    tf.dispose(x);
  });

  it.each(byName)('%s refuses what it cannot do', async (_name, wrapper) => {
    const fn = wrapper.name;
    const model = networks['dense, 2 classes']!(4);
    const x = cloud(20, [2], 4);
    await expectRefusal(() => wrapper(model, x, { tolerance: 0.9 }), {
      code: 'INVALID_OPTION',
      fn,
      argument: 'tolerance',
    });
    await expectRefusal(() => wrapper(model, x, { tolerance: 0 }), {
      code: 'INVALID_OPTION',
      fn,
      argument: 'tolerance',
    });
    await expectRefusal(() => wrapper(model, x, { lipschitz: -1 }), {
      code: 'INVALID_OPTION',
      fn,
      argument: 'lipschitz',
    });
    const safe = await wrapper(model, x);
    const bound = 'confidenceBound';
    await expectRefusal(() => safe.confidenceBound(x, -1), { code: 'INVALID_OPTION', fn: bound, argument: 'radius' });
    await expectRefusal(() => safe.farAwayRadius(0), {
      code: 'INVALID_OPTION',
      fn: 'farAwayRadius',
      argument: 'epsilon',
    });
    const bad = tf.tensor2d([[0, Number.NaN]]);
    await expectRefusal(() => safe.confidenceBound(bad, 1), { code: 'NON_FINITE', fn: bound, argument: 'x' });
    tf.dispose([x, bad]);
    model.dispose();
  });

  it('are finite at the largest float32 numbers', async () => {
    const model = networks['dense, 4 classes']!(5);
    const x = cloud(20, [3], 5);
    for (const wrapper of Object.values(wrappers)) {
      const safe = await wrapper(model, x);
      const huge = 3e38;
      for (const confidence of await confidencesAt(safe, [
        [huge, -huge, huge],
        [huge, 0, 1],
      ]))
        expect(confidence).toBeCloseTo(0.25, 6);
    }
    tf.dispose(x);
    model.dispose();
  });
});

describe('coolRadius', () => {
  it('is the least distance from which on the range fits, by a search on a grid', () => {
    const radial = (beta: number) => ({
      least: (r: number) => 1 + beta * r * r,
      leastSlope: (r: number) => 2 * beta * r,
    });
    for (const [beta, atCentre, perUnit, range] of [
      [0.1, 0, 3, 0.5],
      [2, 5, 0.1, 0.01],
      [0.01, 0.2, 0.001, 0.3],
      [1, 0.2, 0, 0.1],
    ] as const) {
      const cooling = radial(beta);
      const radius = coolRadius(cooling, { atCentre, perUnit }, range, 2 ** 100);
      const over = (r: number) => (atCentre + perUnit * r) / cooling.least(r) > range;
      const grid = Array.from({ length: 200_000 }, (_, i) => (i * 1000) / 200_000);
      const last = grid.findLast(over) ?? 0;
      expect(radius).toBeGreaterThanOrEqual(last);
      expect(radius).toBeLessThanOrEqual(last + 0.006);
    }
  });
});
