import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { pgdLinf } from '../../src/attacks/pgdLinf';
import { createRng } from '../../src/core/rng';
import { attackTarget, type DetectorKind, fitDetector } from '../../src/detectors/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { tinyGraphModel } from '../support/graphModel';
import { seedWeights, tinyBatch } from '../support/smallModels';

const KINDS: DetectorKind[] = [
  'max-logit',
  'energy',
  'knn',
  'mean-knn',
  'mahalanobis',
  'relative-mahalanobis',
  'vim',
  'react',
  'scale',
  'ash',
  'fdbd',
];

const model = seedWeights(
  sequential({
    layers: [
      layers.dense({ inputShape: [6], units: 20, activation: 'relu' }),
      layers.dense({ units: 4, activation: 'softmax' }),
    ],
  }),
  5,
);

function points(count: number, seed: number, from: number, to: number): tf.Tensor2D {
  const rng = createRng(seed);
  return tf.tensor2d(
    new Float32Array(6 * count).map(() => from + (to - from) * rng.uniform()),
    [count, 6],
  );
}

async function fitted(kind: DetectorKind) {
  const x = points(80, 1, 0, 0.6);
  const y = tf.tensor1d(
    Array.from({ length: 80 }, (_, i) => i % 4),
    'int32',
  );
  return fitDetector(kind, model, { x, y });
}

describe('attackTarget', () => {
  test.each(KINDS)('of %s is the score', async (kind) => {
    const detector = await fitted(kind);
    const x = points(12, 2, 0, 1);
    const expected = await detector.score(x);
    const found = await expectNoLeak(async () => {
      const target = attackTarget(detector, model);
      const value = tf.tidy(() => target.objective(target.model.logits(x)));
      return value.data().finally(() => value.dispose());
    });
    // In float32, in which the relative distance is a difference of two large ones.
    const tolerance = kind === 'relative-mahalanobis' ? 1e-3 : 1e-4;
    const largest = Math.max(...expected.map(Math.abs));
    for (const [i, value] of found.entries()) expect(Math.abs(value - expected[i]!) / largest).toBeLessThan(tolerance);
  });

  test.each(['scale', 'ash'] as const)(
    'of %s stays finite where features nearly cancel, as its score does',
    async (kind) => {
      const net = sequential({
        layers: [layers.dense({ inputShape: [2], units: 2 }), layers.dense({ units: 2 })],
      });
      const square = (values: number[]) => tf.tensor2d(values, [2, 2]);
      net.setWeights([square([1, 0, 0, 1]), tf.zeros([2]), square([1, -1, -1, 1]), tf.zeros([2])]);
      const x = square([-1e-3, -5, 1, 2]);
      const detector = await fitDetector(kind, net, x, { percentile: 50 });
      const scores = await detector.score(x);
      const target = attackTarget(detector, net);
      const found = await tf.tidy(() => target.objective(target.model.logits(x))).data();
      expect(scores.every(Number.isFinite)).toBe(true);
      for (const [i, score] of scores.entries()) expect(found[i]! / score).toBeCloseTo(1, 5);
    },
  );

  test.each(['max-softmax', 'temperature'] as const)('of %s is its logarithm', async (kind) => {
    const detector = await fitted(kind);
    const x = points(12, 2, 0, 1);
    const target = attackTarget(detector, model);
    const found = await tf.tidy(() => target.objective(target.model.logits(x))).data();
    for (const [i, score] of (await detector.score(x)).entries()) expect(Math.exp(found[i]!)).toBeCloseTo(score, 5);
  });

  test.each(KINDS)('lets an attack raise the score of %s', async (kind) => {
    const detector = await fitted(kind);
    const x = points(10, 3, 0.6, 1);
    const target = attackTarget(detector, model);
    const { adversarial } = pgdLinf(target.model, x, { objective: target.objective, epsilon: 0.2, steps: 15, seed: 1 });
    const [clean, attacked] = [await detector.score(x), await detector.score(adversarial)];
    const mean = (values: Float64Array) => values.reduce((a, b) => a + b) / values.length;
    expect(mean(attacked)).toBeGreaterThan(mean(clean));
  });

  test('has the gradient of finite differences', async () => {
    const { objective } = attackTarget(await fitted('vim'), model);
    const outputs = tf.tensor2d(
      Array.from({ length: 24 }, (_, i) => 1 + Math.sin(i)),
      [1, 24],
    );
    const gradient = await tf
      .grad((z: tf.Tensor) => tf.sum(objective(z as tf.Tensor2D)))(outputs)
      .data();
    const step = 1e-2;
    for (let j = 0; j < 24; j += 5) {
      const moved = (sign: number) =>
        tf.add(outputs, tf.mul(sign * step, tf.oneHot(tf.tensor1d([j], 'int32'), 24))) as tf.Tensor2D;
      const [above, below] = await Promise.all([1, -1].map((sign) => objective(moved(sign)).data()));
      expect(gradient[j]).toBeCloseTo((above![0]! - below![0]!) / (2 * step), 2);
    }
  });

  test('runs GraphModels', async () => {
    const graph = await tinyGraphModel({ softmax: true });
    const { x } = tinyBatch(20);
    const detector = await fitDetector('knn', graph, x);
    const target = attackTarget(detector, graph);
    const found = await tf.tidy(() => target.objective(target.model.logits(tinyBatch(5, 7).x))).data();
    for (const [i, score] of (await detector.score(tinyBatch(5, 7).x)).entries())
      expect(found[i]).toBeCloseTo(score, 3);
  });

  test('refuses kinds without a gradient and functions', async () => {
    const she = await fitted('she');
    expect(() => attackTarget(she, model)).toThrow(/a detector of kind/);
    const knn = await fitted('knn');
    expect(() => attackTarget(knn, (x) => x as tf.Tensor2D)).toThrow(/whose layers can be read/);
  });
});
