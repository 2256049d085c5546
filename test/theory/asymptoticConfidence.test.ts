import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { activationPattern, evaluate, type PiecewiseAffine, toPiecewiseAffine, traceRay } from '../../src/regions';
import { asymptoticConfidence } from '../../src/theory';
import { expectRefusal } from '../support/expectRefusal';
import { denseNet, randomConv, randomDense, randomPoint, scaled, softmax } from './nets';

const seeds = fc.integer({ min: 0, max: 1e6 });
const networks: fc.Arbitrary<PiecewiseAffine> = fc.oneof(
  fc
    .tuple(seeds, fc.constantFrom([1, 8, 3], [2, 6, 6, 2], [5, 10, 10, 10, 4]))
    .map(([seed, sizes]) => randomDense(seed, sizes)),
  seeds.map(randomConv),
);

/** One input, logits `rows[k] x + bias[k]`. */
const linear = (rows: readonly number[], bias: readonly number[]) => denseNet({ kernel: [[...rows]], bias });

describe('asymptoticConfidence', () => {
  it('equals the evaluation at alpha = 1e12, for dense and convolutional networks', () => {
    fc.assert(
      fc.property(networks, seeds, (net, seed) => {
        const x = randomPoint(seed, net.inputSize);
        const { confidence, classes, probabilities, slope } = asymptoticConfidence(net, x);
        const far = evaluate(net, scaled(x, 1e12));
        const there = softmax(far);
        expect(confidence).toBeCloseTo(Math.max(...there), 9);
        expect(classes[0]).toBe(there.indexOf(Math.max(...there)));
        for (const [k, value] of far.entries()) {
          expect(probabilities[k]).toBeCloseTo(there[k]!, 9);
          expect(Math.abs(value / 1e12 - slope[k]!)).toBeLessThan(1e-9 * (1 + Math.abs(slope[k]!)));
        }
      }),
    );
  });

  it('has the slope of the last piece of the trace, which begins no later', () => {
    fc.assert(
      fc.property(networks, seeds, (net, seed) => {
        const x = randomPoint(seed, net.inputSize);
        const { slope, from } = asymptoticConfidence(net, x);
        const last = traceRay(net, new Float64Array(net.inputSize), x).at(-1)!;
        for (const [k, value] of last.slope.entries()) expect(value).toBeCloseTo(slope[k]!, 9);
        expect(last.from).toBeLessThanOrEqual(from * (1 + 1e-9));
      }),
    );
  });

  it('says from where on nothing is decided differently any more', () => {
    fc.assert(
      fc.property(networks, seeds, (net, seed) => {
        const x = randomPoint(seed, net.inputSize);
        const { from } = asymptoticConfidence(net, x);
        const patternAt = (alpha: number) => JSON.stringify(activationPattern(net, scaled(x, alpha)));
        const after = patternAt(from * (1 + 1e-6) + 1e-9);
        expect(patternAt(1e3 * (1 + from))).toBe(after);
        if (from > 0) expect(patternAt(from * (1 - 1e-6))).not.toBe(after);
      }),
    );
  });

  it('is 1 for a single steepest class, on either side', () => {
    const net = linear([1, -1], [0, 100]);
    expect(asymptoticConfidence(net, [0.5])).toMatchObject({ confidence: 1, classes: [0], from: 0 });
    expect(asymptoticConfidence(net, [-0.5])).toMatchObject({ confidence: 1, classes: [1], from: 0 });
    expect([...asymptoticConfidence(net, [0.5]).slope]).toEqual([0.5, -0.5]);
  });

  it('is shared by tied classes as the softmax of their intercepts', () => {
    const equal = asymptoticConfidence(linear([2, 1, 2], [3, 50, 3]), [1]);
    expect(equal).toMatchObject({ confidence: 0.5, classes: [0, 2] });
    const [low, high] = [1 / (1 + Math.E), Math.E / (1 + Math.E)];
    const apart = asymptoticConfidence(linear([2, 1, 2], [3, 50, 4]), [1]);
    expect(apart.classes).toEqual([2, 0]);
    expect(apart.confidence).toBeCloseTo(high, 14);
    expect([...apart.probabilities]).toEqual([expect.closeTo(low, 14), 0, expect.closeTo(high, 14)]);
  });

  it('keeps duplicate output rows of a deep network tied, in spite of rounding', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const rows = Array.from({ length: 12 }, (_, j) => Math.sin(1 + j + seed));
        const doubled = denseNet(
          { kernel: [[...rows]], bias: rows.map((v) => v / 2) },
          { kernel: rows.map((v, j) => [v, v, Math.cos(j) / 100 - 1]), bias: [0.25, 0.25, 0] },
        );
        const { confidence, classes } = asymptoticConfidence(doubled, [1 + (seed % 7)]);
        if (classes[0] === 2) return;
        expect(classes).toEqual([0, 1]);
        expect(confidence).toBe(0.5);
      }),
    );
  });

  it('is the softmax of constants where every unit dies on the way', () => {
    const net = denseNet(
      { kernel: [[-1, -2]], bias: [3, 5] },
      {
        kernel: [
          [10, 0],
          [0, 10],
        ],
        bias: [0, Math.log(3)],
      },
    );
    const { confidence, classes, from } = asymptoticConfidence(net, [1]);
    expect(confidence).toBeCloseTo(0.75, 6);
    expect(classes).toEqual([1, 0]);
    expect(from).toBe(3);
  });

  it('lets units that do not move far out go by their constant value', () => {
    // The first hidden layer ends at the constants (4, 0); the second at max(0, 4 - 1) and max(0, 2 - 4).
    const net = denseNet(
      { kernel: [[0, -1]], bias: [4, 7] },
      {
        kernel: [
          [1, -1],
          [1, 1],
        ],
        bias: [-1, 2],
      },
      {
        kernel: [
          [1, 0],
          [5, 0],
        ],
        bias: [0, 0],
      },
    );
    const { confidence, classes, from } = asymptoticConfidence(net, [1]);
    expect(confidence).toBeCloseTo(1 / (1 + Math.exp(-3)), 12);
    expect(classes).toEqual([0, 1]);
    expect(from).toBe(7);
  });

  it('counts the place where a pooling window changes its winner for the last time', () => {
    const model = sequential({
      layers: [
        layers.dense({ inputShape: [1], units: 2 }),
        layers.reshape({ targetShape: [2, 1, 1] }),
        layers.maxPooling2d({ poolSize: [2, 1] }),
        layers.flatten(),
        layers.dense({ units: 2 }),
      ],
    });
    // max(2 t, t + 3) changes at t = 3.
    tf.tidy(() => {
      model.setWeights([tf.tensor2d([[2, 1]]), tf.tensor1d([0, 3]), tf.tensor2d([[1, -1]]), tf.tensor1d([0, 0])]);
    });
    const { from, slope } = asymptoticConfidence(toPiecewiseAffine(model), [1]);
    expect(from).toBe(3);
    expect([...slope]).toEqual([2, -2]);
    model.dispose();
  });

  it('refuses the origin, a wrong length, NaN, and a model that has not been read', async () => {
    const fn = 'asymptoticConfidence';
    const net = linear([1, -1], [0, 0]);
    await expectRefusal(() => asymptoticConfidence(net, [0]), { code: 'INVALID_ARGUMENT', fn, argument: 'x' });
    await expectRefusal(() => asymptoticConfidence(net, [1, 2]), { code: 'INVALID_SHAPE', fn, argument: 'x' });
    await expectRefusal(() => asymptoticConfidence(net, [Number.NaN]), { code: 'NON_FINITE', fn, argument: 'x' });
    await expectRefusal(() => asymptoticConfidence({} as PiecewiseAffine, [1]), {
      code: 'INVALID_ARGUMENT',
      fn,
      argument: 'net',
    });
  });
});
