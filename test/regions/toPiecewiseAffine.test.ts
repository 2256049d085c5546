import * as tf from '@tensorflow/tfjs-core';
import { initializers, input, layers, model, type SymbolicTensor, sequential } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import { classifier } from '../../src/index';
import { lenet, resnetSmall } from '../../src/models/index';
import { evaluate, toPiecewiseAffine } from '../../src/regions/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { architectures, build, gap, normals, oneOfEach, predicted, randomWeights } from '../support/regionModels';

const fn = 'toPiecewiseAffine';

function softmax(z: Float64Array): Float64Array {
  const powers = z.map((value) => Math.exp(value - Math.max(...z)));
  return powers.map((power) => power / powers.reduce((sum, value) => sum + value, 0));
}

describe('toPiecewiseAffine', () => {
  test.each(oneOfEach)('computes what tfjs computes: %s', async (_, make) => {
    const net = make();
    const exact = toPiecewiseAffine(net);
    const rng = createRng(1);
    for (let i = 0; i < 5; i++) {
      const x = Float32Array.from(normals(exact.inputSize, rng));
      expect(gap(evaluate(exact, x), await predicted(net, x))).toBeLessThan(3e-6);
    }
    net.dispose();
  });

  test('computes what tfjs computes for any architecture, with a softmax at the end taken off', async () => {
    await fc.assert(
      fc.asyncProperty(architectures, async (architecture) => {
        const net = build(architecture);
        const exact = toPiecewiseAffine(net);
        const x = Float32Array.from(normals(exact.inputSize, createRng(architecture.seed)));
        const logits = evaluate(exact, x);
        expect(gap(architecture.softmax ? softmax(logits) : logits, await predicted(net, x))).toBeLessThan(1e-4);
        net.dispose();
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  test.each([
    ['LeNet', () => lenet({ inputShape: [14, 14, 1], seed: 1 })],
    ['residual network', () => randomWeights(resnetSmall({ inputShape: [8, 8, 3] }), 7)],
  ])('agrees with the %s of the paper', async (_, make) => {
    const net = make();
    const exact = toPiecewiseAffine(net);
    const x = Float32Array.from(normals(exact.inputSize, createRng(1)));
    expect(gap(evaluate(exact, x), await predicted(net, x))).toBeLessThan(1e-5);
    net.dispose();
  });

  test('averages at a border over the pixels that are there', () => {
    const pool = layers.averagePooling2d({ poolSize: 2, strides: 2, padding: 'same', inputShape: [3, 1, 1] });
    const exact = toPiecewiseAffine(sequential({ layers: [pool, layers.flatten()] }));
    expect([...evaluate(exact, [1, 2, 5])]).toEqual([1.5, 5]);
  });

  test.each([
    ['average', () => layers.globalAveragePooling1d({})],
    ['max', () => layers.globalMaxPooling1d({})],
  ])('reads sequences of a length that is given, with a global %s', async (_, pooling) => {
    const conv = layers.conv1d({ filters: 3, kernelSize: 2, strides: 2, activation: 'relu', inputShape: [null, 2] });
    const net = randomWeights(sequential({ layers: [conv, pooling()] }), 4);
    for (const length of [4, 7]) {
      const exact = toPiecewiseAffine(net, { inputShape: [length, 2] });
      const x = Float32Array.from(normals(2 * length, createRng(length)));
      expect(exact.inputShape).toEqual([length, 2]);
      const expected = tf.tidy(() => (net.predict(tf.tensor(x, [1, length, 2])) as tf.Tensor).dataSync());
      expect(gap(evaluate(exact, x), expected)).toBeLessThan(3e-6);
    }
    const where = { code: 'INVALID_SHAPE', fn, argument: 'inputShape' } as const;
    for (const inputShape of [[4], [4, 3], [0, 2], [1.5, 2], 4 as never])
      await expectRefusal(() => toPiecewiseAffine(net, { inputShape }), where);
    await expectRefusal(() => toPiecewiseAffine(net), { code: 'UNSUPPORTED_MODEL', fn, argument: 'model' });
    const known = classifier(net, { inputShape: [5, 2], outputs: 'logits' });
    expect(toPiecewiseAffine(known).inputShape).toEqual([5, 2]);
    net.dispose();
  });

  test('reads the Normalization of Keras where a program registers such a layer', () => {
    const weights = [tf.tensor1d([1, -2]), tf.tensor1d([4, 0.25])] as const;
    class Normalization extends layers.Layer {
      static className = 'Normalization';
      override build() {
        for (const [i, name] of ['mean', 'variance'].entries())
          this.addWeight(name, [2], 'float32', initializers.zeros(), undefined, false).write(weights[i]!);
        this.built = true;
      }
      override call(x: tf.Tensor | tf.Tensor[]) {
        const [mean, variance] = this.getWeights();
        return tf.tidy(() => tf.div(tf.sub([x].flat()[0]!, mean!), tf.sqrt(variance!)));
      }
    }
    const net = sequential({ layers: [new Normalization({ inputShape: [3, 2] }), layers.flatten()] });
    expect([...evaluate(toPiecewiseAffine(net), [1, -2, 3, -1, 5, 0])]).toEqual([0, 0, 1, 2, 2, 4]);
    tf.dispose([...weights]);
    net.dispose();
  });

  test('takes off a softmax in an activation layer, a softmax layer or a nested model', async () => {
    const x = [0.3, -1];
    const dense = () => layers.dense({ units: 3, inputShape: [2] });
    const tails = [
      [layers.activation({ activation: 'softmax' })],
      [layers.softmax()],
      [sequential({ layers: [layers.dense({ units: 3, inputShape: [3], activation: 'softmax' })] })],
    ];
    for (const tail of tails) {
      const net = randomWeights(sequential({ layers: [dense(), ...tail] }), 3);
      const logits = evaluate(toPiecewiseAffine(net), x);
      expect(logits.reduce((sum, value) => sum + value, 0)).not.toBeCloseTo(1);
      expect(gap(softmax(logits), await predicted(net, x))).toBeLessThan(1e-6);
    }
  });

  test('keeps no tensor, and sees no later change of the model', async () => {
    const net = build({
      image: [3, 3, 1],
      steps: ['conv', 'batch norm'],
      ending: 'flatten',
      hidden: [4],
      softmax: true,
      seed: 1,
    });
    const exact = await expectNoLeak(() => toPiecewiseAffine(net));
    const before = await expectNoLeak(() => evaluate(exact, new Float64Array(9).fill(1)));
    randomWeights(net, 99);
    net.dispose();
    expect(evaluate(exact, new Float64Array(9).fill(1))).toEqual(before);
  });

  const endingIn = (layer: { apply(x: SymbolicTensor): unknown }, shape = [4, 4, 1]) => {
    const image = input({ shape });
    const changed = layer.apply(image) as SymbolicTensor;
    return model({ inputs: image, outputs: layers.flatten().apply(changed) as SymbolicTensor });
  };

  test.each([
    ['sigmoid', () => endingIn(layers.dense({ units: 2, activation: 'sigmoid', name: 'bad' }))],
    ['elu', () => endingIn(layers.elu({ name: 'bad' }))],
    ['a ReLU with a jump', () => endingIn(layers.thresholdedReLU({ theta: 1, name: 'bad' }))],
    [
      'a recurrent layer',
      () =>
        endingIn(
          layers.simpleRNN({ units: 2, recurrentInitializer: 'zeros', returnSequences: true, name: 'bad' }),
          [4, 2],
        ),
    ],
    [
      'bilinear interpolation by three',
      () => endingIn(layers.upSampling2d({ size: [3, 1], interpolation: 'bilinear', name: 'bad' })),
    ],
    ['a softmax on the way', () => endingIn(layers.softmax({ name: 'bad' }))],
    ['batch norm over another axis', () => endingIn(layers.batchNormalization({ axis: 1, name: 'bad' }))],
    [
      'channels first',
      () => endingIn(layers.conv2d({ filters: 1, kernelSize: 2, dataFormat: 'channelsFirst', name: 'bad' })),
    ],
    ['pooling with channels first', () => endingIn(layers.maxPooling2d({ dataFormat: 'channelsFirst', name: 'bad' }))],
    [
      'one inside a nested model',
      () => endingIn(sequential({ layers: [layers.elu({ inputShape: [4, 4, 1], name: 'bad' })] })),
    ],
  ])('refuses what it cannot read and names the layer: %s', async (_, make) => {
    const net = make();
    await expectRefusal(() => toPiecewiseAffine(net), { code: 'UNSUPPORTED_MODEL', fn, argument: 'model' });
    expect(() => toPiecewiseAffine(net)).toThrow(/layer "bad"/);
  });

  test('refuses sums of different shapes, two outputs, images as outputs and open sizes', async () => {
    const [wide, narrow] = [input({ shape: [2, 3] }), input({ shape: [2, 1] })];
    const x = input({ shape: [2] });
    const y = layers.dense({ units: 2 }).apply(x) as SymbolicTensor;
    const open = input({ shape: [null, 2] });
    const sum = layers.add({ name: 'sum' }).apply([wide, layers.dense({ units: 1 }).apply(wide) as SymbolicTensor]);
    const flat = layers.flatten().apply(sum as SymbolicTensor) as SymbolicTensor;
    for (const net of [
      model({ inputs: wide, outputs: flat }),
      model({ inputs: x, outputs: [y, x] }),
      model({ inputs: [wide, narrow], outputs: layers.flatten().apply(wide) as SymbolicTensor }),
      model({ inputs: wide, outputs: layers.reLU().apply(wide) as SymbolicTensor }),
      model({ inputs: open, outputs: layers.globalMaxPooling1d({}).apply(open) as SymbolicTensor }),
    ])
      await expectRefusal(() => toPiecewiseAffine(net), { code: 'UNSUPPORTED_MODEL', fn, argument: 'model' });
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses weights that hold %d', async (bad) => {
    const net = sequential({ layers: [layers.dense({ units: 2, inputShape: [1], useBias: false, name: 'dense_9' })] });
    tf.tidy(() => net.setWeights([tf.tensor2d([[1, bad]])]));
    await expectRefusal(() => toPiecewiseAffine(net), { code: 'NON_FINITE', fn, argument: 'model' });
    expect(() => toPiecewiseAffine(net)).toThrow(/"dense_9"/);
  });

  test('refuses what is not a LayersModel', async () => {
    const wrong = undefined as never;
    await expectRefusal(() => toPiecewiseAffine(wrong), { code: 'INVALID_ARGUMENT', fn, argument: 'model' });
  });
});

describe('evaluate', () => {
  const exact = toPiecewiseAffine(
    randomWeights(sequential({ layers: [layers.dense({ units: 2, inputShape: [3] })] }), 1),
  );
  test.each([
    ['a wrong length', [1, 2], 'INVALID_SHAPE'],
    ['NaN', [1, 2, Number.NaN], 'NON_FINITE'],
    ['an infinity', [1, 2, Number.NEGATIVE_INFINITY], 'NON_FINITE'],
    ['no list', 3 as never, 'INVALID_ARGUMENT'],
  ] as const)('refuses %s', async (_, x, code) => {
    await expectRefusal(() => evaluate(exact, x), { code, fn: 'evaluate', argument: 'x' });
  });
});
