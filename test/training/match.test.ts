import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { classifier, createRng, fineTune, uniformNoise } from '../../src/index';
import { crossEntropy } from '../../src/losses/crossEntropy';
import { lossesOf } from '../../src/losses/headLosses';
import { binaryCrossEntropy } from '../../src/losses/sigmoidLosses';
import { answersWith, withMixtures } from '../../src/training/fineTune/match';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { tinyMlp, weightsOf } from '../support/smallModels';

await tf.setBackend('cpu');

/** Logits and probabilities of three rows, the last ones one-hot. */
const LOGITS = [
  [0.3, -1.2, 2],
  [60, -80, 0],
  [0, 4, -3],
];
const TARGETS = [
  [0.2, 0.5, 0.3],
  [0.9, 0, 0.1],
  [0, 1, 0],
];
const logSumExp = (z: number[]) => Math.max(...z) + Math.log(z.reduce((s, v) => s + Math.exp(v - Math.max(...z)), 0));
const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
/** In float64: by the definitions. */
const expected = {
  softmax: (z: number[], t: number[]) => ({
    value: t.reduce((sum, share, k) => sum + share * (logSumExp(z) - z[k]!), 0),
    gradient: z.map((v, k) => Math.exp(v - logSumExp(z)) - t[k]!),
  }),
  sigmoids: (z: number[], t: number[]) => ({
    value: t.reduce(
      (sum, share, k) =>
        sum + share * Math.log1p(Math.exp(-z[k]!)) + (1 - share) * (Math.log1p(Math.exp(-z[k]!)) + z[k]!),
      0,
    ),
    gradient: z.map((v, k) => sigmoid(v) - t[k]!),
  }),
};

describe.each(['softmax', 'sigmoids'] as const)('cross entropy to probabilities, of a head of %s', (head) => {
  it('is its definition in float64, with the gradient p - t, and that of labels where these are certain', async () => {
    const { inLossToProbabilities, probabilities } = lossesOf({ head });
    const [z, t] = [tf.tensor2d(LOGITS), tf.tensor2d(TARGETS)];
    const gradient = tf.grad((logits: tf.Tensor) => tf.sum(inLossToProbabilities(logits as tf.Tensor2D, t)));
    const values = await expectNoLeak(async () => {
      const loss = inLossToProbabilities(z, t);
      const array = await loss.array();
      loss.dispose();
      return array;
    });
    const gradients = (await gradient(z).array()) as number[][];
    for (const [i, row] of LOGITS.entries()) {
      const exact = expected[head](row, TARGETS[i]!);
      expect(Math.abs(values[i]! - exact.value)).toBeLessThan(1e-5 * Math.max(1, exact.value));
      for (const [k, g] of exact.gradient.entries()) expect(gradients[i]![k]).toBeCloseTo(g, 6);
    }
    const certain = head === 'softmax' ? crossEntropy : binaryCrossEntropy;
    expect(values[2]).toBeCloseTo((await certain(tf.slice(z, 2, 1), tf.tensor1d([1], 'int32')).array())[0]!, 6);
    const p = await probabilities(z).array();
    expect(p[0]![2]).toBeCloseTo(head === 'softmax' ? Math.exp(2 - logSumExp(LOGITS[0]!)) : sigmoid(2), 6);
  });
});

describe('mixtures', () => {
  it('take the place of the last examples, lie between two of them, and have the answers for labels', async () => {
    const x = uniformNoise([12, 2], { seed: 1 });
    const y = tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2], 'int32');
    const answers = (input: tf.Tensor) => tf.softmax(tf.tile(tf.slice(input, 0, [-1, 1]), [1, 3])) as tf.Tensor2D;
    const made = withMixtures({ x, y }, { count: 5, classes: 3, answers, rng: createRng(1) });
    const [before, after] = [(await x.array()) as number[][], (await made.x.array()) as number[][]];
    expect(after.slice(0, 7)).toEqual(before.slice(0, 7));
    const labels = (await made.y.array()) as number[][];
    expect(labels.slice(0, 4)).toEqual([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]); // biome-ignore format: a matrix
    for (const row of labels.slice(7)) for (const share of row) expect(share).toBeCloseTo(1 / 3, 6);
    after.slice(7).forEach((point, i) => {
      const own = before[7 + i]!;
      // On the line from its own example to some other.
      const cross = before.map((other) => Math.abs((point[0]! - own[0]!) * (other[1]! - own[1]!) - (point[1]! - own[1]!) * (other[0]! - own[0]!))); // biome-ignore format: a formula
      expect(Math.min(...cross.filter((_, j) => j !== 7 + i))).toBeLessThan(1e-6);
    });
    expect(after.slice(7)).not.toEqual(before.slice(7));
  });

  it('are answered by the weights that are given, in parts as at once, and the learner keeps its own', async () => {
    const model = tinyMlp();
    const net = classifier(model);
    const x = uniformNoise([30, 2], { seed: 2 });
    const old = net.variables.map((variable) => tf.clone(variable));
    const first = (await tf.tidy(() => tf.softmax(net.logits(x))).array()) as number[][];
    for (const variable of net.variables) variable.assign(tf.mul(variable, -2));
    const changed = await weightsOf(model);
    for (const memory of [undefined, 1]) {
      const answers = answersWith(old, net, 'all', memory);
      const found = await expectNoLeak(async () => {
        const rows = tf.tidy(() => answers(x));
        const array = await rows.array();
        rows.dispose();
        return array;
      });
      for (const [i, row] of found.entries())
        for (const [k, share] of row.entries()) expect(share).toBeCloseTo(first[i]![k]!, 6);
      expect(await weightsOf(model)).toEqual(changed);
    }
  });

  it('alone, with matching 1, train without the labels; without any, with matching 0, on the labels alone', async () => {
    const x = uniformNoise([40, 2], { seed: 3 });
    const labels = (shift: number) => tf.tensor1d(Array.from({ length: 40 }, (_, i) => (i + shift) % 3), 'int32'); // biome-ignore format: one line
    const trained = async (matching: number, shift: number) => {
      const model = tinyMlp();
      const options = {
        epsilon: 0.1,
        updates: 3,
        samples: 4,
        batchSize: 8,
        checkEvery: 3,
        force: true,
        seed: 1,
        matching,
      };
      await fineTune(model, { x, y: labels(shift) }, { ...options, validation: { x, y: labels(0) } });
      return String(await weightsOf(model));
    };
    expect(await trained(1, 1)).toBe(await trained(1, 0));
    expect(await trained(0.5, 1)).not.toBe(await trained(0.5, 0));
    expect(await trained(0, 0)).not.toBe(await trained(0.5, 0));
    const [model, y] = [tinyMlp(), labels(0)];
    await expectRefusal(() => fineTune(model, { x, y }, { matching: 1.5 }), {
      code: 'INVALID_OPTION',
      fn: 'fineTune',
      argument: 'matching',
    });
  });
});
