import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { weightDecay } from '../../src/losses/weightDecay';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';

describe('weightDecay', () => {
  it('is the sum of all squares, without a factor 1/2', async () => {
    const sum = weightDecay([tf.tensor2d([[1, -2]]), tf.tensor1d([3]), tf.scalar(4)]);
    expect(sum.shape).toEqual([]);
    expect([...(await sum.data())]).toEqual([30]);
  });

  it('has the gradient 2 w', async () => {
    const w = tf.variable(tf.tensor1d([3, -4]));
    const { grads } = tf.variableGrads(() => weightDecay([w]), [w]);
    expect([...(await grads[w.name]!.data())]).toEqual([6, -8]);
  });

  it('is 0 for a model without variables', async () => {
    expect([...(await weightDecay([]).data())]).toEqual([0]);
  });

  it('leaves nothing behind', async () => {
    const w = tf.tensor1d([1, 2]);
    await expectNoLeak(() => weightDecay([w, w]).dispose());
  });

  it('refuses what is not a list of live tensors', async () => {
    const gone = tf.scalar(1);
    gone.dispose();
    const refusal = { code: 'INVALID_ARGUMENT', fn: 'weightDecay', argument: 'variables' } as const;
    await expectRefusal(() => weightDecay([gone]), refusal);
    await expectRefusal(() => weightDecay([3 as never]), refusal);
    await expectRefusal(() => weightDecay(undefined as never), refusal);
  });
});
