import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkEnvironment, confidences, logOdds, predictions } from '../../src/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';

/** A model that returns its input: logits are then the numbers of the test. */
const identity = (x: tf.Tensor) => x as tf.Tensor2D;
const copy = (x: tf.Tensor) => tf.clone(identity(x)) as tf.Tensor2D;

const logitRows = fc.integer({ min: 2, max: 6 }).chain((k) =>
  fc.array(fc.array(fc.float({ min: -60, max: 60, noNaN: true }), { minLength: k, maxLength: k }), {
    minLength: 1,
    maxLength: 9,
  }),
);

describe('confidences, logOdds, predictions', () => {
  it('equal their definitions in float64, whatever the batch size', async () => {
    await fc.assert(
      fc.asyncProperty(logitRows, fc.integer({ min: 1, max: 4 }), async (rows, batchSize) => {
        const x = tf.tensor2d(rows);
        const [c, o, p] = await expectNoLeak(async () => [
          await confidences(copy, x, { batchSize }),
          await logOdds(copy, x, { batchSize }),
          await predictions(copy, x, { batchSize }),
        ]);
        rows.forEach((raw, i) => {
          const z = raw.map(Math.fround);
          const top = Math.max(...z);
          const k = z.indexOf(top);
          const others = z.filter((_, j) => j !== k).reduce((s, v) => s + Math.exp(v - top), 0);
          expect(p![i]).toBe(k);
          expect(c![i]).toBeCloseTo(1 / (1 + others), 12);
          expect(o![i]).toBeCloseTo(-Math.log(others), 9);
        });
        x.dispose();
      }),
      { numRuns: 40 },
    );
  });

  it('logOdds still rank where float32 confidences are all exactly 1', async () => {
    const x = tf.tensor2d([
      [30, 0],
      [40, 0],
    ]);
    const odds = await logOdds(copy, x);
    expect(Array.from(odds)).toEqual([30, 40]);
    const soft = await tf.softmax(x).data();
    expect(soft[0]).toBe(soft[2]);
    x.dispose();
  });

  it('work far outside the bounds, where Theorem 3.1 speaks', async () => {
    const x = tf.tensor2d([[1e6, -1e6]]);
    expect(Array.from(await confidences(copy, x))).toEqual([1]);
    expect(Array.from(await logOdds(copy, x))).toEqual([2e6]);
    x.dispose();
  });

  it('refuse wrong shapes, NaN, empty batches and logits that are not finite', async () => {
    const x = tf.tensor2d([[1, 2]]);
    const nan = tf.tensor2d([[Number.NaN, 2]]);
    const empty = tf.tensor2d([], [0, 2]);
    const broken = (z: tf.Tensor) => tf.mul(z, Number.POSITIVE_INFINITY) as tf.Tensor2D;
    for (const [fn, call] of Object.entries({ confidences, logOdds, predictions })) {
      await expectRefusal(() => call(copy, nan), { code: 'NON_FINITE', fn, argument: 'x' });
      await expectRefusal(() => call(copy, empty), { code: 'EMPTY_INPUT', fn, argument: 'x' });
      await expectRefusal(() => call(broken, x), { code: 'NON_FINITE', fn, argument: 'model' });
      await expectRefusal(() => call(copy, x, { batchSize: 0.5 }), {
        code: 'INVALID_OPTION',
        fn,
        argument: 'batchSize',
      });
    }
    tf.dispose([x, nan, empty]);
  });
});

describe('checkEnvironment', () => {
  it('finds nothing wrong on the cpu backend with tfjs-layers loaded', () => {
    expect(checkEnvironment()).toMatchObject({ backend: 'cpu', gradients: true, missingKernels: [], problems: [] });
  });

  it('names the kernels that the wasm backend lacks and says what to call', async () => {
    const { onBackend } = await import('../support/onBackend');
    const found = await onBackend('wasm', checkEnvironment);
    expect(found.missingKernels).toContain('Conv2DBackpropFilter');
    expect(found.problems[0]!.fix).toContain('enableWasmTraining');
  });

  it('names a newer engine where this one, on wasm, lacks the fused multiply-add that Node 22 brought', async () => {
    const { onBackend } = await import('../support/onBackend');
    const { relaxedSimd, hints } = await onBackend('wasm', checkEnvironment);
    expect(relaxedSimd).toBe(Number(process.versions.node.split('.')[0]) >= 22);
    expect(hints.map(({ fix }) => fix.includes('Node 22'))).toEqual(relaxedSimd ? [] : [true]);
    expect(checkEnvironment().hints).toEqual([]);
  });
});
