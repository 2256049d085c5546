import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it, vi } from 'vitest';
import { maxConfidenceAttack } from '../../src/attacks/maxConfidenceAttack';
import { pgdLinf } from '../../src/attacks/pgdLinf';
import { classifier, classifierBy, planOf } from '../../src/classifier/classifier';
import { confidences } from '../../src/classifier/confidences';
import { openInference } from '../../src/classifier/inference';
import { maxLogOdds } from '../../src/losses/maxLogOdds';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { graphModelEndingIn } from '../support/graphModel';
import { seedWeights } from '../support/smallModels';

/** Convolutions with batch normalisation, enough of them that intermediates outweigh weights. */
function deepModel(): LayersModel {
  const block = (first: object = {}) => [
    layers.conv2d({ filters: 8, kernelSize: 3, padding: 'same', useBias: false, ...first }),
    layers.batchNormalization(),
    layers.reLU({ maxValue: 6 }),
  ];
  const model = sequential({
    layers: [
      ...block({ inputShape: [12, 12, 2] }),
      ...[1, 2, 3, 4].flatMap(() => block()),
      layers.globalAveragePooling2d({}),
      layers.dense({ units: 3, activation: 'softmax' }),
    ],
  });
  return seedWeights(model, 1);
}

const images = () => tf.randomUniform([4, 12, 12, 2], 0, 1, 'float32', 5);

/** A layer that tfjs-layers does not have, of the class that it is told. */
function ownLayer(className: string) {
  class Own extends layers.Layer {
    static className = className;
    override call(inputs: tf.Tensor | tf.Tensor[]) {
      return tf.mul(Array.isArray(inputs) ? inputs[0]! : inputs, 3);
    }
    override computeOutputShape(shape: number[]) {
      return shape;
    }
    override getClassName() {
      return className;
    }
  }
  return new Own({ name: 'own' });
}

describe('how a classifier is run in inference mode', () => {
  it('is frozen where its layers can be read, and can be switched off', () => {
    const model = deepModel();
    expect(classifier(model).inference).toEqual({ pass: 'frozen' });
    const off = { pass: 'model', reason: 'switched off by `frozen: false`' };
    expect(classifier(model, { frozen: false }).inference).toEqual(off);
    expect(classifier(classifier(model), { frozen: false }).inference).toEqual(off);
    expect(classifier(classifier(model), { bounds: [-1, 1] }).inference).toEqual({ pass: 'frozen' });
    expect(() => classifier(classifier(model), { frozen: true })).toThrow('knows already');
  });

  it('is the model for a function, for a layer that cannot be read, and for one that only has the name of another', () => {
    const logits = (x: tf.Tensor) => tf.matMul(x as tf.Tensor2D, tf.ones([2, 3])) as tf.Tensor2D;
    expect(classifier(logits, { inputShape: [2] }).inference?.reason).toBe('a function shows no layers');
    const withLayer = (className: string) => {
      const dense = layers.dense({ units: 3, inputShape: [2] });
      return classifier(seedWeights(sequential({ layers: [dense, ownLayer(className)] }), 1)).inference;
    };
    expect(withLayer('Own')).toEqual({ pass: 'model', reason: 'layer "own" (Own) cannot be frozen' });
    expect(withLayer('Dropout')?.reason).toMatch(/^the frozen network differs from the model by/);
  });

  it('is the model for a graph with an operation that cannot be read, which is named', async () => {
    const model = await graphModelEndingIn(['Log1p']);
    expect(classifier(model).inference).toEqual({
      pass: 'model',
      reason: 'node "probabilities" (Log1p) cannot be frozen',
    });
    model.dispose();
  });

  it('is not copied to a classifier with logits of its own', async () => {
    const net = classifier(deepModel());
    const own = { ...net, logits: () => tf.tensor2d([[0, 0, 5]]) };
    expect('inference' in own).toBe(false);
    const x = tf.slice(images(), 0, 1);
    const [found] = await confidences(own, x);
    expect(found).toBeCloseTo(1 / (1 + 2 * Math.exp(-5)), 6);
    tf.dispose(x);
  });

  it('goes along with the plan of a classifier, so that a worker runs its copy the same way', () => {
    const model = deepModel();
    for (const frozen of [true, false]) {
      const net = classifier(model, { frozen });
      expect(classifierBy(planOf(net)!, deepModel()).inference).toEqual(net.inference);
    }
  });

  it('refuses an option that is neither true nor false', async () => {
    const model = deepModel();
    const frozen = Object('no') as boolean;
    await expectRefusal(() => classifier(model, { frozen }), {
      code: 'INVALID_OPTION',
      fn: 'classifier',
      argument: 'frozen',
    });
  });
});

describe('a frozen pass', () => {
  it('sees weights that have changed since the last, those of batch normalisation too', async () => {
    const model = deepModel();
    const net = classifier(model);
    const x = images();
    const before = await confidences(net, x);
    seedWeights(model, 2);
    const after = await confidences(net, x);
    const expected = await confidences(classifier(model, { frozen: false }), x);
    expect(after).not.toEqual(before);
    for (const [i, value] of after.entries()) expect(value).toBeCloseTo(expected[i]!, 5);
    tf.dispose(x);
  });

  it('keeps the weights that it was opened with', async () => {
    const model = deepModel();
    const net = classifier(model);
    const x = images();
    const pass = openInference('pgdLinf', net);
    const before = pass.logits(x);
    seedWeights(model, 2);
    const after = pass.logits(x);
    expect(Array.from(await after.data())).toEqual(Array.from(await before.data()));
    pass.close();
    tf.dispose([x, before, after]);
  });

  it('takes less memory than the model, forwards and backwards, and leaves none', async () => {
    const net = classifier(deepModel());
    expect(net.inference?.pass).toBe('frozen');
    const x = images();
    const peaks = async (one: typeof net) => {
      const before = tf.memory().numBytes;
      const pass = openInference('pgdLinf', one);
      // tfjs overwrites one profile with the next.
      const peakOf = async (work: () => tf.TensorContainer) => {
        const { result, peakBytes } = await tf.profile(work);
        tf.dispose(result);
        return peakBytes - before;
      };
      const forwards = await peakOf(() => pass.logits(x));
      const backwards = await peakOf(() => pass.valueAndGradient(maxLogOdds, x));
      pass.close();
      return { forwards, backwards };
    };
    await expectNoLeak(async () => {
      const [frozen, model] = [await peaks(net), await peaks(classifier(net, { frozen: false }))];
      // Folded weights, and: forwards the result of two layers at a time, backwards one of each beside a gradient.
      const layer = x.shape[0]! * 12 * 12 * 8 * 4;
      const weights = 4 * (9 * 2 * 8 + 4 * 9 * 8 * 8 + 5 * 8 + 8 * 3 + 3);
      expect(frozen.forwards).toBeLessThan(3 * layer + weights);
      expect(frozen.backwards).toBeLessThan(12 * layer + weights);
      expect(frozen.forwards).toBeLessThan(model.forwards / 2);
      expect(frozen.backwards).toBeLessThan(model.backwards / 2);
    });
    tf.dispose(x);
  });

  it('is not opened again in the steps of an attack, and is closed when the attack is over, fails or is stopped', async () => {
    const net = classifier(deepModel());
    const calls = vi.spyOn(net, 'logits');
    expect(net.inference?.pass).toBe('frozen');
    const x = images();
    await expectNoLeak(() => {
      tf.dispose(Object.values(maxConfidenceAttack(net, x, { steps: 3, seed: 1 })) as tf.Tensor[]);
      const stop = new AbortController();
      const options = { steps: 3, seed: 1 };
      expect(() => pgdLinf(net, x, { ...options, signal: stop.signal, onStep: () => stop.abort() })).toThrow(
        'an abort',
      );
      const broken = (): never => {
        throw new Error('broken');
      };
      expect(() => pgdLinf(net, x, { ...options, onStep: broken })).toThrow('broken');
      expect(() => pgdLinf(net, x, { ...options, objective: broken })).toThrow('broken');
    });
    expect(calls).not.toHaveBeenCalled();
    tf.dispose(x);
  });

  it('leaves nothing when reading logits is stopped', async () => {
    const net = classifier(deepModel());
    expect(net.inference?.pass).toBe('frozen');
    const x = images();
    const stop = new AbortController();
    await expectNoLeak(() =>
      expect(
        confidences(net, x, { batchSize: 1, signal: stop.signal, onProgress: () => stop.abort() }),
      ).rejects.toMatchObject({ code: 'ABORTED' }),
    );
    tf.dispose(x);
  });

  it('throws what the model throws once it is disposed of', async () => {
    const model = deepModel();
    const net = classifier(model);
    const x = images();
    await confidences(net, x);
    model.dispose();
    await expectRefusal(() => confidences(net, x), { code: 'DISPOSED', fn: 'classifier', argument: 'model' });
    tf.dispose(x);
  });
});
