import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  acetGradients,
  cedaGradients,
  classifier,
  crossEntropy,
  fit,
  goodGradients,
  plainGradients,
} from '../../src/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { tinyBatch, tinyMlp, weightsOf } from '../support/smallModels';

await tf.setBackend('cpu');
const batch = tinyBatch(9);
const classWeights = [3, 1, 0.5];

describe('class weights', () => {
  it.each(Object.entries({ plainGradients, cedaGradients, acetGradients, goodGradients }))(
    'multiply the cross entropy of the examples of each class in %s',
    async (_, gradients) => {
      const model = tinyMlp();
      const each = Array.from(crossEntropy(classifier(model).logits(batch.x), batch.y).dataSync());
      const labels = batch.y.dataSync();
      const expected = each.reduce((sum, loss, i) => sum + classWeights[labels[i]!]! * loss, 0) / each.length;
      const { inLoss } = gradients(model, batch, { classWeights, seed: 1, weightDecay: 0 });
      expect(inLoss.dataSync()[0]).toBeCloseTo(expected, 5);
    },
  );

  it('of 1 change nothing, and fit takes them', async () => {
    const trained = async (options: object) => {
      const model = tinyMlp();
      await expectNoLeak(() => fit(model, batch, { method: 'plain', epochs: 2, batchSize: 3, seed: 1, ...options }));
      return weightsOf(model);
    };
    expect(await trained({ classWeights: [1, 1, 1], optimizer: 'adam' })).toEqual(await trained({}));
    expect(await trained({ classWeights })).not.toEqual(await trained({}));
  });

  it('are one positive number for each class', async () => {
    const model = tinyMlp();
    const refused = (wrong: unknown) =>
      expectRefusal(() => plainGradients(model, batch, { classWeights: wrong as number[] }), {
        code: 'INVALID_OPTION',
        fn: 'plainGradients',
        argument: 'classWeights',
      });
    await refused([1, 1]);
    await refused([1, 0, 1]);
    await refused(2);
    const optimizer = 'sdg' as 'adam';
    await expectRefusal(() => fit(model, batch, { optimizer }), {
      code: 'INVALID_OPTION',
      fn: 'fit',
      argument: 'optimizer',
    });
  });
});
