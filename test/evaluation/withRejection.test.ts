import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifier } from '../../src/classifier/classifier';
import { fitDetector, type Prediction, withUnknown } from '../../src/detectors/index';
import { withRejection } from '../../src/evaluation/withRejection';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';

/** Logits are the input times 4: by hand, confidence = 1 / (1 + exp(-4 |x0 - x1|)). */
const model = (x: tf.Tensor) => tf.mul(x, 4) as tf.Tensor2D;

/** The index of the class, or 'unknown'. */
const brief = (answers: readonly Prediction[]) =>
  answers.map(({ label, index }) => (label === 'unknown' ? 'unknown' : index));

describe('withRejection', () => {
  it('answers the class where the softmax, computed in float64, reaches the threshold, else unknown', async () => {
    const rows = fc.array(fc.tuple(...Array.from({ length: 3 }, () => fc.integer({ min: -8, max: 8 }))), {
      minLength: 1,
      maxLength: 9,
    });
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 0, max: 20 }), async (logits, twentieths) => {
        // Off the grid of reachable confidences, so that the last bit of the softmax does not decide.
        const threshold = Math.min(1, twentieths / 20 + 1e-7);
        const expected = logits.map((row) => {
          const exps = row.map(Math.exp);
          const best = row.indexOf(Math.max(...row));
          return exps[best]! / (exps[0]! + exps[1]! + exps[2]!) >= threshold ? best : 'unknown';
        });
        const x = tf.tensor2d(logits);
        const answers = await withRejection((t: tf.Tensor) => tf.clone(t) as tf.Tensor2D, threshold)(x);
        tf.dispose(x);
        expect(brief(answers)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('accepts a confidence equal to the threshold', async () => {
    const x = tf.tensor2d([[0.5, 0.5]]);
    expect(brief(await withRejection(model, 0.5)(x))).toEqual([0]);
    expect(brief(await withRejection(model, 0.5 + 2 ** -52)(x))).toEqual(['unknown']);
  });

  it('rejects nothing at 0 and all but saturated confidences at 1', async () => {
    const x = tf.tensor2d([
      [0, 0.3],
      [30, 0],
    ]);
    expect(brief(await withRejection(model, 0)(x))).toEqual([1, 0]);
    expect(brief(await withRejection(model, 1)(x))).toEqual(['unknown', 0]);
  });

  it('gives the same answers in batches of any size and leaves no tensor behind', async () => {
    const x = tf.tensor2d([
      [0, 1],
      [0.4, 0.5],
      [0.9, 0],
    ]);
    const whole = await expectNoLeak(() => withRejection(model, 0.7)(x));
    expect(brief(whole)).toEqual([1, 'unknown', 0]);
    expect(await withRejection(model, 0.7, { batchSize: 2 })(x)).toEqual(whole);
  });

  it('answers in the shape of withUnknown, with names and the reason', async () => {
    const x = tf.tensor2d([
      [1, 0],
      [0.1, 0],
      [0.3, 0],
    ]);
    const net = classifier(model, { inputShape: [2], classes: 2, labels: ['cat', 'dog'] });
    const [sure, close, unsure] = await withRejection(net, 0.9)(x);
    const p = 1 / (1 + Math.exp(-4));
    const { probabilities, ...rest } = sure!;
    expect(rest).toEqual({
      label: 'cat',
      index: 0,
      confidence: expect.closeTo(p, 7),
      score: sure!.confidence,
      pValue: Number.NaN,
      reason: 'the model is sure enough',
    });
    expect(Array.from(probabilities)).toEqual([expect.closeTo(p, 7), expect.closeTo(1 - p, 7)]);
    expect([close!.label, close!.reason]).toEqual(['unknown', 'it lies between the classes cat and dog']);
    expect([unsure!.label, unsure!.reason]).toEqual(['unknown', 'the model is not sure enough']);
    const detector = await fitDetector('max-softmax', net, x);
    const [other] = await withUnknown(net, { detector, threshold: 0.9 }).predict(x);
    expect(Object.keys(sure!).sort()).toEqual(Object.keys(other!).sort());
    expect(other!.score).toBeCloseTo(sure!.score, 12);
  });

  it.each([Number.NaN, -0.1, 1.1, '0.5' as never])('refuses the threshold %s at once', async (threshold) => {
    const refusal = { code: 'INVALID_OPTION', fn: 'withRejection', argument: 'threshold' } as const;
    await expectRefusal(() => withRejection(model, threshold), refusal);
  });

  it('refuses an option that it does not have', async () => {
    const refusal = { code: 'INVALID_OPTION', fn: 'withRejection', argument: 'options' } as const;
    await expectRefusal(() => withRejection(model, 0.5, { batch: 3 } as never), refusal);
  });

  it('refuses images that cannot be classified', async () => {
    const bad = tf.tensor2d([[Number.NaN, 0]]);
    await expectRefusal(() => withRejection(model, 0.5)(bad), {
      code: 'NON_FINITE',
      fn: 'withRejection',
      argument: 'x',
    });
  });
});
