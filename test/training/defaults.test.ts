import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { cedaGradients, cedaStep, classifier, plainGradients, plainStep } from '../../src/index';
import { expectRefusal } from '../support/expectRefusal';
import { tinyBatch, tinyMlp, tinyMlpWithState, weightsOf } from '../support/smallModels';

const batch = tinyBatch(6);
const model = tinyMlp();
const read = async (scalar: tf.Scalar) => (await scalar.data())[0]!;

describe('a training step', () => {
  it('tells the mean confidence on the noise, a mean of largest probabilities', async () => {
    const model = tinyMlp();
    const points = tf.keep(tf.sub(1, batch.x));
    const seen = cedaGradients(model, batch, { noise: () => tf.clone(points) });
    const largest = tf.mean<tf.Scalar>(tf.max(tf.softmax(model.predict(points) as tf.Tensor2D), 1));
    expect(await read(seen.outConfidence)).toBeCloseTo(await read(largest), 6);
  });

  it('runs a plain batch in training mode: running statistics move though no gradient is applied', async () => {
    const model = tinyMlpWithState();
    const before = await weightsOf(model);
    plainGradients(model, batch, { seed: 1 });
    expect(await weightsOf(model)).not.toEqual(before);
  });

  it('has no weight decay for a model without kernels that decay', async () => {
    const net = classifier(
      sequential({
        layers: [layers.dense({ inputShape: [2], units: 3, trainable: false }), layers.batchNormalization()],
      }),
    );
    expect(net.variables).toHaveLength(2);
    expect(net.decayed).toHaveLength(0);
    const { loss, inLoss } = plainGradients(net, batch, { weightDecay: 1 });
    expect(await read(loss)).toBe(await read(inLoss));
  });

  it('takes the seed 0 without one', async () => {
    const trained = async (options: { readonly seed?: number }) => {
      const model = tinyMlp();
      cedaStep(model, tf.train.sgd(0.1), batch, options);
      return weightsOf(model);
    };
    expect(await trained({})).toEqual(await trained({ seed: 0 }));
    expect(await trained({})).not.toEqual(await trained({ seed: 1 }));
  });

  it.each([undefined, null, 'adam', {}])('refuses %s for an optimizer', async (optimizer) => {
    await expectRefusal(() => plainStep(model, optimizer as never, batch), {
      code: 'INVALID_ARGUMENT',
      fn: 'plainStep',
      argument: 'optimizer',
    });
  });
});
