import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { crossEntropy, crossEntropyTo } from '../../src/losses/crossEntropy';
import { lossesOf } from '../../src/losses/headLosses';
import { lpOut } from '../../src/losses/lpOut';
import { maxLogOdds } from '../../src/losses/maxLogOdds';
import { binaryCrossEntropy, binaryCrossEntropyTo, maxLogit, maxLogSigmoid } from '../../src/losses/sigmoidLosses';
import { uniformCrossEntropy } from '../../src/losses/uniformCrossEntropy';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import {
  binaryCrossEntropy64,
  crossEntropy64,
  finiteDifferences,
  lpOut64,
  maxLogOdds64,
  maxLogSigmoid64,
  uniformCrossEntropy64,
} from '../support/float64Losses';
import { onBackend } from '../support/onBackend';

type Loss = (logits: tf.Tensor2D) => tf.Tensor1D;

interface Case {
  readonly name: string;
  /** The loss for rows whose labels are row index modulo the number of classes. */
  readonly loss: Loss;
  readonly oracle: (z: readonly number[], row: number) => number;
  /** Of a head of sigmoids, where a constant added to all logits changes the probabilities. */
  readonly sigmoids?: true;
}

const labelsOf = (logits: tf.Tensor2D) =>
  tf.tensor1d(
    Array.from({ length: logits.shape[0] }, (_, i) => i % logits.shape[1]),
    'int32',
  );

const cases: readonly Case[] = [
  { name: 'lpOut', loss: lpOut, oracle: lpOut64 },
  {
    name: 'crossEntropy',
    loss: (z) => tf.tidy(() => crossEntropy(z, labelsOf(z))),
    oracle: (z, row) => crossEntropy64(z, row % z.length),
  },
  { name: 'uniformCrossEntropy', loss: uniformCrossEntropy, oracle: uniformCrossEntropy64 },
  { name: 'maxLogOdds', loss: maxLogOdds, oracle: maxLogOdds64 },
  {
    name: 'binaryCrossEntropy',
    loss: (z) => tf.tidy(() => binaryCrossEntropy(z, labelsOf(z))),
    oracle: (z, row) => binaryCrossEntropy64(z, row % z.length),
    sigmoids: true,
  },
  { name: 'maxLogSigmoid', loss: maxLogSigmoid, oracle: maxLogSigmoid64, sigmoids: true },
  { name: 'maxLogit', loss: maxLogit, oracle: (z) => Math.max(...z), sigmoids: true },
];

/** Batches of logits whose largest two differ by more than any step of the finite differences. */
const batches = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 2, max: 6 }), fc.constantFrom(1, 8, 60))
  .chain(([rows, classes, size]) =>
    fc.array(
      fc
        .array(fc.double({ min: -size, max: size, noNaN: true }), { minLength: classes, maxLength: classes })
        .map((row) => row.map(Math.fround))
        .filter((row) => {
          const [first, second] = row.toSorted((a, b) => b - a) as [number, number];
          return first - second > 1e-3;
        }),
      { minLength: rows, maxLength: rows },
    ),
  );

function evaluate(loss: Loss, rows: number[][]): { values: Float32Array; gradient: number[][] } {
  return expectNoLeakNow(() =>
    tf.tidy(() => {
      const z = tf.tensor2d(rows);
      const { value, grad } = tf.valueAndGrad(loss)(z, tf.ones([rows.length]) as tf.Tensor1D);
      return { values: value.dataSync<'float32'>().slice(), gradient: grad.arraySync() };
    }),
  );
}

function expectNoLeakNow<T>(work: () => T): T {
  const before = tf.memory().numTensors;
  const result = work();
  expect(tf.memory().numTensors).toBe(before);
  return result;
}

describe.each(cases)('$name', ({ loss, oracle, sigmoids }) => {
  it('gives the value of its definition in float64, and as gradient the finite differences of that definition', () => {
    fc.assert(
      fc.property(batches, (rows) => {
        const { values, gradient } = evaluate(loss, rows);
        rows.forEach((row, i) => {
          const expected = oracle(row, i);
          expect(Math.abs(values[i]! - expected)).toBeLessThan(2e-5 * Math.max(1, Math.abs(expected)));
          finiteDifferences((z) => oracle(z, i), row).forEach((slope, j) => {
            expect(Math.abs(gradient[i]![j]! - slope)).toBeLessThan(1e-4);
          });
        });
      }),
      { numRuns: 60 },
    );
  });

  it.each([1, 3])('gives one number for each of %d rows', (rows) => {
    const value = tf.tidy(() => tf.keep(loss(tf.ones([rows, 2]))));
    expect(value.shape).toEqual([rows]);
    value.dispose();
  });

  if (!sigmoids)
    it('does not change when a constant is added to all logits of a row', () => {
      const row = [0.5, -2, 1.25];
      const shifted = row.map((v) => v + 512);
      const { values } = evaluate(loss, [row]);
      expect(evaluate(loss, [shifted]).values[0]).toBeCloseTo(values[0]!, 5);
    });

  it('is finite, with a finite gradient, for logits of size 1e30', () => {
    const { values, gradient } = evaluate(loss, [
      [1e30, -1e30, 0],
      [0, 1e30, 5],
    ]);
    expect([...values, ...gradient.flat()].every(Number.isFinite)).toBe(true);
  });

  it('gives NaN for a row with a NaN logit and leaves the other rows alone', () => {
    const { values } = evaluate(loss, [
      [1, Number.NaN, 0],
      [2, 0, 1],
    ]);
    expect(values[0]).toBeNaN();
    expect(values[1]).toBeCloseTo(oracle([2, 0, 1], 1), 5);
  });

  it('agrees between the cpu and the wasm backend, value and gradient', async () => {
    const rows = [
      [0.1, 2, -3, 0.4],
      [40, 0, 0, 0],
      [1, 1, 1, 1],
    ];
    const onCpu = evaluate(loss, rows);
    const onWasm = await onBackend('wasm', () => evaluate(loss, rows));
    onCpu.values.forEach((v, i) => {
      expect(onWasm.values[i]).toBeCloseTo(v, 5);
    });
    onCpu.gradient.flat().forEach((v, i) => {
      expect(onWasm.gradient.flat()[i]).toBeCloseTo(v, 6);
    });
  });
});

describe('lpOut', () => {
  it('is -log K at uniform logits, with a gradient of one-hot minus 1/K: it runs through the first tied class', () => {
    const { values, gradient } = evaluate(lpOut, [[3, 3, 3, 3]]);
    expect(values[0]).toBeCloseTo(-Math.log(4), 6);
    expect(gradient).toEqual([[0.75, -0.25, -0.25, -0.25]]);
  });

  it('lies in [-log K, 0]', () => {
    fc.assert(
      fc.property(batches, (rows) => {
        const { values } = evaluate(lpOut, rows);
        expect(values.every((v) => v <= 0 && v >= -Math.log(rows[0]!.length) - 1e-6)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps value and gradient to float32 accuracy where the confidence has rounded to 1', () => {
    const { values, gradient } = evaluate(lpOut, [[40, 0, 0]]);
    const tail = Math.exp(-40);
    expect(values[0]! / (-2 * tail)).toBeCloseTo(1, 5);
    [2 * tail, -tail, -tail].forEach((slope, i) => {
      expect(gradient[0]![i]! / slope).toBeCloseTo(1, 5);
    });
  });
});

describe('maxLogOdds', () => {
  it('is exactly the margin of two classes however large it is, with the gradient (1, -1)', () => {
    const { values, gradient } = evaluate(maxLogOdds, [
      [1000, 0],
      [-3, 500],
    ]);
    expect([...values]).toEqual([1000, 503]);
    expect(gradient).toEqual([
      [1, -1],
      [-1, 1],
    ]);
  });

  it('is -log(K - 1) at uniform logits, with a gradient that is not zero', () => {
    const { values, gradient } = evaluate(maxLogOdds, [[0, 0, 0]]);
    expect(values[0]).toBeCloseTo(-Math.log(2), 6);
    expect(gradient).toEqual([[1, -0.5, -0.5]]);
  });
});

describe('crossEntropy', () => {
  it('takes class indices of any dtype and one-hot rows as the same labels', async () => {
    const z = tf.tensor2d([
      [1, 2, 3],
      [0, -1, 4],
    ]);
    const all = [
      crossEntropy(z, tf.tensor1d([2, 0], 'int32')),
      crossEntropy(z, tf.tensor1d([2, 0], 'float32')),
      crossEntropy(
        z,
        tf.tensor2d([
          [0, 0, 1],
          [1, 0, 0],
        ]),
      ),
      crossEntropyTo(tf.tensor1d([2, 0], 'int32'), 3)(z),
    ];
    for (const loss of all) {
      const values = await loss.data();
      expect(values[0]).toBeCloseTo(crossEntropy64([1, 2, 3], 2), 6);
      expect(values[1]).toBeCloseTo(crossEntropy64([0, -1, 4], 0), 6);
    }
  });

  it('is log 2 for two equal logits, and the margin for a confident wrong answer', () => {
    const loss: Loss = (z) => tf.tidy(() => crossEntropy(z, tf.tensor1d([1, 1], 'int32')));
    const { values } = evaluate(loss, [
      [0, 0],
      [200, 0],
    ]);
    expect(values[0]).toBeCloseTo(Math.log(2), 6);
    expect(values[1]).toBe(200);
  });
});

describe('the losses of a head of sigmoids', () => {
  it('maxLogSigmoid is log 1/2 at logits of zero, and its gradient 1 - p runs through the first tied unit alone', () => {
    const { values, gradient } = evaluate(maxLogSigmoid, [[0, 0, -1]]);
    expect(values[0]).toBeCloseTo(Math.log(0.5), 6);
    expect(gradient).toEqual([[0.5, 0, 0]]);
  });

  it('maxLogSigmoid keeps value and slope at a logit of 40, where the probability has rounded to 1', () => {
    const { values, gradient } = evaluate(maxLogSigmoid, [[40, -5]]);
    expect(values[0]! / -Math.exp(-40)).toBeCloseTo(1, 5);
    expect(gradient[0]![0]! / Math.exp(-40)).toBeCloseTo(1, 5);
  });

  it('maxLogit runs through the first tied unit alone', () => {
    expect(evaluate(maxLogit, [[-2, -2, -3]]).gradient).toEqual([[1, 0, 0]]);
  });

  it('binaryCrossEntropy sums over the units, K log 2 at logits of zero, and does not saturate', () => {
    const loss: Loss = (z) =>
      tf.tidy(() =>
        binaryCrossEntropy(
          z,
          tf.tensor2d([
            [0, 1, 0],
            [1, 0, 0],
          ]),
        ),
      );
    const { values, gradient } = evaluate(loss, [
      [0, 0, 0],
      [40, -40, 40],
    ]);
    expect(values[0]).toBeCloseTo(3 * Math.log(2), 6);
    expect(values[1]).toBeCloseTo(40, 5);
    expect(gradient[0]).toEqual([0.5, -0.5, 0.5]);
    gradient[1]!.forEach((slope, k) => {
      expect(slope / [-Math.exp(-40), Math.exp(-40), 1][k]!).toBeCloseTo(1, 5);
    });
  });

  it('binaryCrossEntropyTo is binaryCrossEntropy to labels that are checked once', async () => {
    const z = tf.tensor2d([
      [1, -2],
      [0.5, 3],
    ]);
    const labels = tf.tensor2d([[1], [0]]);
    const [a, b] = [binaryCrossEntropyTo(labels, 2)(z), binaryCrossEntropy(z, labels)];
    expect(await a.data()).toEqual(await b.data());
  });

  it('go with a head of sigmoids, and those of the softmax with any other classifier', () => {
    expect(lossesOf({ head: 'sigmoids' })).toMatchObject({ logConfidence: maxLogSigmoid, logOdds: maxLogit });
    expect(lossesOf({ head: 'softmax' })).toMatchObject({ logConfidence: lpOut, logOdds: maxLogOdds });
    expect(lossesOf({})).toBe(lossesOf({ head: 'softmax' }));
    expect(lossesOf({ head: 'sigmoids' }).inLossTo).toBe(binaryCrossEntropyTo);
    expect(lossesOf({}).inLossTo).toBe(crossEntropyTo);
  });

  it.each(['softmax', 'sigmoids'] as const)('of %s mean the same by either in-loss', async (head) => {
    const { inLoss, inLossTo } = lossesOf({ head });
    const z = tf.tensor2d([
      [1, -2, 0],
      [0.5, 3, 1],
    ]);
    const labels = tf.tensor1d([2, 1], 'int32');
    const [a, b] = [inLoss(z, tf.oneHot(labels, 3) as tf.Tensor2D), inLossTo(labels, 3)(z)];
    expect(await a.data()).toEqual(await b.data());
  });
});

describe('refusals', () => {
  const wrongShapes = [
    { what: 'rank 1', make: () => tf.tensor1d([1, 2]) as tf.Tensor, code: 'INVALID_SHAPE' },
    { what: 'one class', make: () => tf.ones([2, 1]), code: 'INVALID_SHAPE' },
    { what: 'no rows', make: () => tf.zeros([0, 3]), code: 'EMPTY_INPUT' },
    { what: 'int32 logits', make: () => tf.ones([2, 3], 'int32'), code: 'INVALID_ARGUMENT' },
  ] as const;
  let labels: tf.Tensor1D;
  let z: tf.Tensor2D;
  beforeAll(() => {
    labels = tf.tensor1d([0, 1], 'int32');
    z = tf.ones([2, 3]);
  });
  const functions = {
    lpOut,
    maxLogOdds,
    uniformCrossEntropy,
    crossEntropy: (z: tf.Tensor2D) => crossEntropy(z, labels),
    crossEntropyTo: (z: tf.Tensor2D) => crossEntropyTo(labels, 3)(z),
    maxLogSigmoid,
    maxLogit,
    binaryCrossEntropy: (z: tf.Tensor2D) => binaryCrossEntropy(z, labels),
    binaryCrossEntropyTo: (z: tf.Tensor2D) => binaryCrossEntropyTo(labels, 3)(z),
  };
  for (const [fn, call] of Object.entries(functions))
    it.each(wrongShapes)(`${fn} refuses logits: $what`, async ({ make, code }) => {
      const bad = make();
      await expectRefusal(() => call(bad as tf.Tensor2D), { code, fn, argument: 'logits' });
    });

  it('the cross entropies refuse labels that are out of range or of another shape', async () => {
    const bad = tf.tensor1d([0, 3]);
    const few = tf.tensor1d([1]);
    const argument = 'labels';
    for (const [fn, call] of Object.entries({ crossEntropy, binaryCrossEntropy })) {
      await expectRefusal(() => call(z, bad), { code: 'INVALID_LABELS', fn, argument });
      await expectRefusal(() => call(z, few), { code: 'INVALID_SHAPE', fn, argument });
    }
    for (const [fn, call] of Object.entries({ crossEntropyTo, binaryCrossEntropyTo }))
      await expectRefusal(() => call(bad, 3), { code: 'INVALID_LABELS', fn, argument });
  });

  it.each(Object.entries({ crossEntropyTo, binaryCrossEntropyTo }))(
    '%s refuses fewer than two classes',
    async (fn, to) => {
      await expectRefusal(() => to(labels, 1), { code: 'INVALID_OPTION', fn, argument: 'classes' });
    },
  );
});

it('losses leave nothing behind but their result', async () => {
  const z = tf.tensor2d([[1, 2, 3]]);
  await expectNoLeak(() => {
    for (const { loss } of cases) loss(z).dispose();
  });
});
