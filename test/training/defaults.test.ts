import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import {
  type AcetOptions,
  type Attack,
  acetGradients,
  cedaGradients,
  cedaStep,
  classifier,
  lpOut,
  type NoiseSampler,
  pgdLinf,
  plainGradients,
  plainStep,
} from '../../src/index';
import { expectNoLeak } from '../support/expectNoLeak';
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

const METHODS = { plainGradients, cedaGradients, acetGradients };

describe.each(Object.entries(METHODS))('%s without options', (name, gradients) => {
  it('weighs both parts alike and decays the weights by 5e-4', async () => {
    const squares = (await weightsOf(model)).reduce((sum, weight) => sum + weight * weight, 0);
    const { loss, inLoss, outLoss } = gradients(model, batch);
    const [inner, outer] = [await read(inLoss), await read(outLoss)];
    const data = name === 'plainGradients' ? inner : (inner + outer) / 2;
    expect(await read(loss)).toBeCloseTo(data + 5e-4 * squares, 6);
  });
});

const OUT_METHODS = { cedaGradients, acetGradients };

describe.each(Object.entries(OUT_METHODS))('%s', (_, gradients: typeof acetGradients) => {
  /** Leaves the points where they are, so that ACET sees what CEDA sees. */
  const still: Attack = (net, x) => ({ ...pgdLinf(net, x, { steps: 1 }), adversarial: tf.clone(x) });
  const withOut = (options: AcetOptions) =>
    gradients(model, batch, { ...options, ...(gradients === acetGradients && { attack: still }) });

  it('lowers the log-confidence on the noise unless told otherwise', async () => {
    const points = tf.sub<tf.Tensor2D>(1, batch.x);
    const { outLoss } = withOut({ noise: () => tf.clone(points) });
    expect(await read(outLoss)).toBeCloseTo(await read(tf.mean(lpOut(model.predict(points) as tf.Tensor2D))), 6);
  });

  it('draws its noise from the bounds of the model unless told otherwise', async () => {
    const seen: tf.Tensor[] = [];
    const net = classifier(
      (x) => {
        seen.push(tf.keep(tf.clone(x)));
        return model.predict(x) as tf.Tensor2D;
      },
      { inputShape: [2], bounds: [-5, -3], variables: model.trainableWeights.map((w) => w.read() as tf.Variable) },
    );
    const clean = { x: tf.sub<tf.Tensor2D>(batch.x, 4), y: batch.y };
    gradients(net, clean, gradients === acetGradients ? { attack: still } : {});
    const noise = await tf.slice(seen.at(-1)!, 0, 6).data();
    expect(Math.min(...noise)).toBeGreaterThanOrEqual(-5);
    expect(Math.max(...noise)).toBeLessThanOrEqual(-3);
    // Half of it is uniform on the whole box, and the clean points fill only the middle of it.
    expect(Array.from(noise).some((v) => v < -4)).toBe(true);
  });

  it('leaves the clean batch alive where the sampler hands it back as the noise', async () => {
    const itself: NoiseSampler = (images) => images;
    await expectNoLeak(() => tf.dispose(withOut({ noise: itself })));
    expect(batch.x.isDisposed).toBe(false);
  });

  it.each(['noise', 'outLoss'])('refuses a %s that is not a function', async (argument) => {
    for (const value of ['uniform', 3, {}])
      await expectRefusal(() => withOut({ [argument]: value }), {
        code: 'INVALID_ARGUMENT',
        fn: gradients.name,
        argument,
      });
  });
});

it('acetGradients refuses an attack that is not a function', async () => {
  await expectRefusal(() => acetGradients(model, batch, { attack: 'pgd' as never }), {
    code: 'INVALID_ARGUMENT',
    fn: 'acetGradients',
    argument: 'attack',
  });
});
