import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { classifier } from '../../src/classifier';
import { atOnce } from '../../src/core/pausing';
import { createRng } from '../../src/core/rng';
import { softmax } from '../../src/core/softmax';
import { confidenceSandwich } from '../../src/guarantees';
import { exactMaxConfidence } from '../../src/guarantees/sandwich/confidenceSandwich';
import { evaluate, toPiecewiseAffine } from '../../src/regions';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { handMade } from '../support/regionModels';
import { cloud, networks, shapeOf } from './wrapped';

const planar = networks['dense, 2 classes']!;
const largest = (logits: Float64Array) => Math.max(...softmax(logits));

describe('exactMaxConfidence', () => {
  it('finds a maximum inside a region', () => {
    // Logits (0, x - 0.3, 0.3 - x): the first class is surest where the others are equal, with 1 / (1 + 2).
    const net = toPiecewiseAffine(
      handMade({
        kernel: [
          [0, 1, -1],
          [0, 0, 0],
        ],
        bias: [0.5, -0.3, 0.3],
      }),
    );
    const box = { lower: new Float64Array([0.25, 0]), upper: new Float64Array([0.375, 1]) };
    const exact = atOnce(exactMaxConfidence(net, box));
    expect(exact).toBeCloseTo(Math.exp(0.5) / (Math.exp(0.5) + 2), 12);
  });

  it('is that of a fine grid, and never below any point', () => {
    for (let seed = 0; seed < 3; seed++) {
      const model = networks['dense, 2 classes']!(seed);
      const net = toPiecewiseAffine(model);
      model.dispose();
      const rng = createRng(seed);
      const box = { lower: new Float64Array([0.2, 0.3]), upper: new Float64Array([0.6, 0.8]) };
      const exact = atOnce(exactMaxConfidence(net, box));
      let found = 0;
      for (let n = 0; n < 3000; n++) {
        const at = (i: number) => box.lower[i]! + (box.upper[i]! - box.lower[i]!) * rng.uniform();
        found = Math.max(found, largest(evaluate(net, [at(0), at(1)])));
      }
      expect(found).toBeLessThanOrEqual(exact + 1e-12);
      expect(exact - found).toBeLessThan(0.02);
    }
  });
});

describe('confidenceSandwich', () => {
  it('holds attack <= exact <= certified for a model with two inputs', async () => {
    for (let seed = 0; seed < 3; seed++) {
      const model = planar(seed);
      const x = cloud(6, [2], seed);
      for (const method of ['interval', 'crown'] as const) {
        const options = { method, seed, restarts: 2 };
        const { attack, exact, certified } = await expectNoLeak(() => confidenceSandwich(model, x, 0.1, options));
        for (const [i, value] of exact!.entries()) {
          expect(attack[i]!).toBeLessThanOrEqual(value + 1e-12);
          expect(value - attack[i]!).toBeLessThan(0.02);
          expect(value).toBeLessThanOrEqual(certified[i]!);
        }
      }
      x.dispose();
      model.dispose();
    }
  });

  it('closes by search where attack and CROWN are apart, and says if it was not searched', async () => {
    const model = networks['dense, 4 classes']!(2);
    const x = cloud(5, [3], 3);
    const loose = await confidenceSandwich(model, x, 0.2, { seconds: 0, steps: 2 });
    const { attack, certified, closed, unsearched } = await expectNoLeak(() => confidenceSandwich(model, x, 0.2));
    expect(closed).toEqual([true, true, true, true, true]);
    expect(unsearched).toBeUndefined();
    for (const [i, bound] of certified.entries()) {
      expect(bound - attack[i]!).toBeLessThan(1e-4);
      expect(attack[i]!).toBeGreaterThanOrEqual(loose.attack[i]! - 1e-6);
      expect(bound).toBeLessThanOrEqual(loose.certified[i]! + 1e-9);
    }
    expect(loose.closed).toEqual([false, false, false, false, false]);
    expect(loose.unsearched).toBe('no time to search');
    expect(Math.max(...loose.certified.map((bound, i) => bound - certified[i]!))).toBeGreaterThan(0.01);
    x.dispose();
    model.dispose();
  });

  it('leaves out the exact maximum for more inputs, and uses the bounds of the classifier', async () => {
    const model = networks.convolutional!(1);
    const x = cloud(3, shapeOf(model), 1);
    const done: number[] = [];
    const onProgress = (progress: { done: number }) => done.push(progress.done);
    const inside = await confidenceSandwich(classifier(model), x, 0.3, { onProgress });
    const wide = await confidenceSandwich(classifier(model, { bounds: [-2, 2] }), x, 0.3);
    expect(inside.exact).toBeUndefined();
    expect(inside.closed).toEqual([false, false, false]);
    expect(inside.unsearched).toMatch(/^layer 'max_pooling2d.*', which is neither affine/);
    expect(done).toEqual([1, 2, 3]);
    for (const i of [0, 1, 2]) {
      expect(inside.attack[i]!).toBeLessThanOrEqual(inside.certified[i]!);
      expect(inside.certified[i]!).toBeLessThan(wide.certified[i]!);
    }
    x.dispose();
    model.dispose();
  });

  it('refuses models that do not show their layers, and bad options', async () => {
    const f = (z: tf.Tensor) => tf.mul(z, tf.tensor1d([1, -1])) as tf.Tensor2D;
    const model = planar(1);
    const x = cloud(2, [2], 1);
    const fn = 'confidenceSandwich';
    const layers = { code: 'UNSUPPORTED_MODEL', fn, argument: 'model' } as const;
    await expectRefusal(() => confidenceSandwich(f, x, 0.1), layers);
    await expectRefusal(() => confidenceSandwich(model, x, 0), { code: 'INVALID_OPTION', fn, argument: 'epsilon' });
    const misspelt = { epsilonn: 1 } as object;
    await expectRefusal(() => confidenceSandwich(model, x, 0.1, misspelt), {
      code: 'INVALID_OPTION',
      fn,
      argument: 'options',
    });
    const outside = { code: 'OUT_OF_BOUNDS', fn, argument: 'x' } as const;
    await expectRefusal(() => confidenceSandwich(model, x, 0.1, { bounds: [3, 4] }), outside);
    x.dispose();
    model.dispose();
  });
});
