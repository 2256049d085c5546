import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it, test } from 'vitest';
import { checkSoftmaxHead } from '../../src/classifier/head';
import {
  acetStep,
  type Classifier,
  type ClassifierOptions,
  classifier,
  confidences,
  evaluateOod,
  fit,
  logOdds,
  type ModelLike,
  maxConfidenceAttack,
  pgdLinf,
  predictions,
  withRejection,
} from '../../src/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { graphModelEndingIn } from '../support/graphModel';
import { seedWeights } from '../support/smallModels';

const x = tf.keep(tf.tensor2d([0.1, 0.9, 0.4, 0.2, 0.7, 0.3, 0.95, 0.05], [4, 2]));
const shape = [2] as const;

type Activation = 'sigmoid' | 'softmax' | 'tanh' | 'softsign' | 'hardSigmoid' | 'relu6' | 'linear' | 'relu';

/** A network of `units` outputs through `activation`, and the same network without it. */
function pair(units: number, activation: Activation, seed = 3): { model: LayersModel; bare: LayersModel } {
  const build = (last: Activation) =>
    seedWeights(
      sequential({
        layers: [
          layers.dense({ inputShape: [2], units: 8, activation: 'relu' }),
          layers.dense({ units, activation: last }),
        ],
      }),
      seed,
    );
  return { model: build(activation), bare: build('linear') };
}

async function valuesOf(model: LayersModel, at: tf.Tensor = x): Promise<number[]> {
  return Array.from(await tf.tidy(() => model.predict(at) as tf.Tensor).data());
}

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

function expectClose(a: ArrayLike<number>, b: ArrayLike<number>, digits = 6): void {
  expect(a).toHaveLength(b.length);
  Array.from(a).forEach((value, i) => {
    expect(value).toBeCloseTo(b[i]!, digits);
  });
}

describe('one sigmoid unit is a classifier of two classes', () => {
  const { model: dense, bare } = pair(1, 'sigmoid');
  const trunk = () => dense.layers[0]!;
  const lastUnit = () => layers.dense({ units: 1, weights: bare.layers[1]!.getWeights() });
  const inFunction = (z: tf.Tensor) => tf.sigmoid(bare.predict(z) as tf.Tensor2D) as tf.Tensor2D;

  const forms: Record<string, () => { model: ModelLike; options?: ClassifierOptions; peeled: boolean }> = {
    'Dense(1, sigmoid)': () => ({ model: dense, peeled: true }),
    "Dense(1), then Activation('sigmoid')": () => ({
      model: sequential({ layers: [trunk(), lastUnit(), layers.activation({ activation: 'sigmoid' })] }),
      peeled: true,
    }),
    'a nested model that ends in it': () => ({
      model: sequential({ layers: [layers.inputLayer({ inputShape: [2] }), dense] }),
      peeled: true,
    }),
    'Dense(1, sigmoid), then Flatten': () => ({
      model: sequential({
        layers: [dense, layers.reshape({ targetShape: [1, 1] }), layers.flatten()],
      }),
      peeled: false,
    }),
    'a function': () => ({ model: inFunction, options: { inputShape: shape }, peeled: false }),
    "a function, with outputs: 'sigmoid'": () => ({
      model: inFunction,
      options: { inputShape: shape, outputs: 'sigmoid' },
      peeled: false,
    }),
    "Dense(1, sigmoid), with outputs: 'sigmoid'": () => ({
      model: dense,
      options: { outputs: 'sigmoid' },
      peeled: true,
    }),
    "Dense(1), with outputs: 'logits'": () => ({ model: bare, options: { outputs: 'logits' }, peeled: true }),
    "Dense(1), with outputs: 'sigmoid', its unit being the logit": () => ({
      model: bare,
      options: { outputs: 'sigmoid' },
      peeled: true,
    }),
  };

  test.each(Object.entries(forms))('%s', async (_, make) => {
    const { model, options, peeled } = make();
    const net = await expectNoLeak(() => classifier(model, options));
    expect(net).toMatchObject({ classes: 2, head: 'softmax', inputShape: [2] });
    const z = await valuesOf(bare);
    const logits = await expectNoLeak(async () => {
      const out = net.logits(x);
      const values = Array.from(await out.data());
      out.dispose();
      return values;
    });
    z.forEach((one, row) => {
      expect(logits[2 * row + 1]! - logits[2 * row]!).toBeCloseTo(one, 4);
      if (peeled) expect(logits.slice(2 * row, 2 * row + 2)).toEqual([0, one]);
    });
    const p = await valuesOf(dense);
    expectClose(
      await confidences(net, x),
      p.map((one) => Math.max(one, 1 - one)),
    );
    expectClose(
      await logOdds(net, x),
      z.map((one) => Math.abs(one)),
      4,
    );
    expect(Array.from(await predictions(net, x))).toEqual(p.map((one) => (one > 0.5 ? 1 : 0)));
  });

  test.each(['pgdLinf', 'maxConfidenceAttack', 'confidences'])('also when handed to %s as it is', async (use) => {
    if (use === 'confidences') expectClose(await confidences(dense, x), await confidences(classifier(dense), x));
    else {
      const attack = use === 'pgdLinf' ? pgdLinf : maxConfidenceAttack;
      const { adversarial } = attack(dense, x, { epsilon: 0.1, steps: 5, seed: 1 });
      const [before, after] = [await confidences(dense, x), await confidences(dense, adversarial)];
      before.forEach((value, i) => {
        expect(after[i]).toBeGreaterThan(value);
      });
    }
  });

  it('keeps a gradient where the probability has rounded to 1, its sigmoid taken off', async () => {
    const { model } = pair(1, 'sigmoid');
    const last = model.layers[1]!;
    last.setWeights([last.getWeights()[0]!, tf.tensor1d([60])]);
    const net = classifier(model);
    const slope = tf.tidy(() => tf.grad((at: tf.Tensor) => tf.sum(tf.slice(net.logits(at), [0, 1], [-1, 1])))(x));
    expect((await slope.data()).every((v) => v !== 0)).toBe(true);
    expect(Math.min(...(await logOdds(net, x)))).toBeGreaterThan(40);
  });

  it('gives finite logits where a probability that cannot be taken apart is exactly 0 or 1', async () => {
    const steep = (z: tf.Tensor) => tf.sigmoid(tf.mul(1e3, tf.sub(tf.slice(z, [0, 0], [-1, 1]), 0.45))) as tf.Tensor2D;
    const net = classifier(steep, { inputShape: shape });
    expectClose(await confidences(net, x), [1, 1, 1, 1]);
    expect(Array.from(await predictions(net, x))).toEqual([0, 0, 1, 1]);
  });

  it('is trained through its logits with labels [N, 1] as Keras has them', async () => {
    const { model } = pair(1, 'sigmoid');
    const data = { x, y: tf.tensor2d([[1], [0], [0], [0]]) };
    const before = await evaluateOod(model, { in: data, out: {} });
    const { epochs } = await fit(model, data, {
      method: 'plain',
      epochs: 60,
      batchSize: 4,
      optimizer: tf.train.adam(0.05),
      seed: 1,
    });
    expect(epochs.at(-1)!.inLoss).toBeLessThan(0.5 * epochs[0]!.inLoss);
    expect((await evaluateOod(model, { in: data, out: {} })).testError).toBe(0);
    expect(before.classes).toBe(2);
  });

  test.each([[['Sigmoid']], [['Sigmoid', 'Identity']], [['Sigmoid', 'Identity', 'Identity']]])(
    'a GraphModel that ends in %j',
    async (ops) => {
      const graph = await graphModelEndingIn(ops, { units: 1 });
      const net = await expectNoLeak(() => classifier(graph));
      const p = Array.from(await tf.tidy(() => graph.predict(x) as tf.Tensor).data());
      expect(net.classes).toBe(2);
      expectClose(
        await confidences(net, x),
        p.map((one) => Math.max(one, 1 - one)),
      );
      const first = tf.tidy(() => tf.slice(net.logits(x), [0, 0], [-1, 1]));
      expect(Array.from(await first.data())).toEqual([0, 0, 0, 0]);
      first.dispose();
    },
  );
});

describe('one unit without a sigmoid', () => {
  const fn = 'classifier';
  it('is refused, and told what it may be', async () => {
    const { bare } = pair(1, 'linear');
    for (const model of [bare, await graphModelEndingIn([], { units: 1 })])
      await expectRefusal(() => classifier(model), { code: 'UNSUPPORTED_MODEL', fn, argument: 'model' });
    expect(() => classifier(bare)).toThrow(/outputs: 'logits'.*outputs: 'sigmoid'.*regression/);
    const regression = (z: tf.Tensor) => tf.sum(z, 1, true) as tf.Tensor2D;
    await expectRefusal(() => classifier(regression, { inputShape: shape }), {
      code: 'UNSUPPORTED_MODEL',
      fn,
      argument: 'model',
    });
  });

  test.each(['tanh', 'softsign', 'hardSigmoid', 'relu6', 'relu'] as const)('is refused with %s', async (activation) => {
    const { model } = pair(1, activation);
    await expectRefusal(() => classifier(model), { code: 'UNSUPPORTED_MODEL', fn, argument: 'model' });
  });

  it('is refused with a softmax over it, which is always 1', async () => {
    const { model } = pair(1, 'softmax');
    await expectRefusal(() => classifier(model), { code: 'INVALID_OPTION', fn, argument: 'outputs' });
  });

  it('is not a sigmoid when it says so but returns other numbers', async () => {
    const wide = (z: tf.Tensor) => tf.mul(3, tf.sum(z, 1, true)) as tf.Tensor2D;
    await expectRefusal(() => classifier(wide, { inputShape: shape, outputs: 'sigmoid' }), {
      code: 'INVALID_OPTION',
      fn,
      argument: 'outputs',
    });
  });
});

describe('several sigmoid units', () => {
  const fn = 'classifier';
  const { model, bare } = pair(3, 'sigmoid');
  const asFunction = (z: tf.Tensor) => tf.sigmoid(bare.predict(z) as tf.Tensor2D) as tf.Tensor2D;

  it("are refused as logits, and offered outputs: 'sigmoids'", async () => {
    const refusal = { code: 'PROBABILITIES_AS_LOGITS', fn, argument: 'model' } as const;
    const nested = sequential({ layers: [layers.inputLayer({ inputShape: [2] }), model] });
    const flat = sequential({ layers: [model, layers.reshape({ targetShape: [3, 1] }), layers.flatten()] });
    const graph = await graphModelEndingIn(['Sigmoid', 'Identity']);
    for (const one of [model, nested, flat, graph]) {
      await expectRefusal(() => classifier(one), refusal);
      await expectRefusal(() => classifier(one, { outputs: 'logits' }), refusal);
      expect(() => classifier(one)).toThrow(/outputs: 'sigmoids'/);
      await expectRefusal(() => confidences(one, x), refusal);
      await expectRefusal(() => pgdLinf(one, x), refusal);
    }
    await expectRefusal(() => classifier(asFunction, { inputShape: shape }), refusal);
    await expectRefusal(() => confidences(asFunction, x), refusal);
  });

  it('are refused as probabilities of one distribution', async () => {
    await expectRefusal(() => classifier(model, { outputs: 'probabilities' }), {
      code: 'PROBABILITIES_AS_LOGITS',
      fn,
      argument: 'model',
    });
    await expectRefusal(() => classifier(asFunction, { inputShape: shape, outputs: 'probabilities' }), {
      code: 'INVALID_OPTION',
      fn,
      argument: 'outputs',
    });
  });

  const forms: Record<string, () => Promise<Classifier>> = {
    'Dense(3, sigmoid)': async () => classifier(model, { outputs: 'sigmoids' }),
    'Dense(3), its units being the logits': async () => classifier(bare, { outputs: 'sigmoids' }),
    'a function': async () => classifier(asFunction, { inputShape: shape, outputs: 'sigmoids' }),
  };

  test.each(Object.entries(forms))("with outputs: 'sigmoids' are each on its own: %s", async (_, make) => {
    const net = await make();
    expect(net).toMatchObject({ classes: 3, head: 'sigmoids' });
    const z = await valuesOf(bare);
    const rows = [0, 1, 2, 3].map((row) => z.slice(3 * row, 3 * row + 3));
    expectClose(await tf.tidy(() => net.logits(x)).data(), z, 4);
    expectClose(
      await confidences(net, x),
      rows.map((row) => sigmoid(Math.max(...row))),
    );
    expectClose(
      await logOdds(net, x),
      rows.map((row) => Math.max(...row)),
      4,
    );
    expect(Array.from(await predictions(net, x))).toEqual(rows.map((row) => row.indexOf(Math.max(...row))));
    const best = Math.max(...(await confidences(net, x)));
    expect((await withRejection(net, best - 1e-6)(x)).filter(({ label }) => label !== 'unknown')).toHaveLength(1);
  });

  it('a GraphModel of them, its sigmoids taken off', async () => {
    const graph = await graphModelEndingIn(['Sigmoid', 'Identity']);
    const net = classifier(graph, { outputs: 'sigmoids' });
    const p = Array.from(await tf.tidy(() => graph.predict(x) as tf.Tensor).data());
    expect(net.head).toBe('sigmoids');
    expectClose(
      await confidences(net, x),
      [0, 1, 2, 3].map((row) => Math.max(...p.slice(3 * row, 3 * row + 3))),
    );
  });

  it('may all say no: their confidence is then below 1/K, and the log-odds are negative', async () => {
    const no = (z: tf.Tensor) => tf.fill([z.shape[0]!, 3], 0.01) as tf.Tensor2D;
    const net = classifier(no, { inputShape: shape, outputs: 'sigmoids' });
    expectClose(await confidences(net, x), [0.01, 0.01, 0.01, 0.01]);
    expect((await logOdds(net, x))[0]).toBeCloseTo(Math.log(0.01 / 0.99), 5);
  });

  it('are attacked through their largest unit, by the default objective of every attack', async () => {
    const net = classifier(model, { outputs: 'sigmoids' });
    const clean = await confidences(net, x);
    for (const attack of [pgdLinf, maxConfidenceAttack]) {
      const { adversarial, objective } = attack(net, x, { epsilon: 0.2, steps: 10, seed: 1 });
      const [after, odds] = [await confidences(net, adversarial), await logOdds(net, adversarial)];
      clean.forEach((value, i) => {
        expect(after[i]).toBeGreaterThan(value);
      });
      expectClose(await objective.data(), attack === pgdLinf ? after.map(Math.log) : odds, 4);
    }
  });

  it('are trained by the binary cross entropy of each unit, and made unsure by the largest of them', async () => {
    const { model: fresh, bare: same } = pair(3, 'sigmoid');
    const net = classifier(fresh, { outputs: 'sigmoids' });
    const y = tf.tensor1d([0, 1, 2, 0], 'int32');
    const noise = () => tf.tensor2d([0.2, 0.2, 0.9, 0.6], [2, 2]);
    const z = await valuesOf(same);
    const outside = await valuesOf(same, noise());
    const { inLoss, outLoss, outConfidence } = acetStep(
      net,
      tf.train.sgd(0),
      { x, y },
      {
        noise,
        attack: (_, start) => pgdLinf(net, start, { epsilon: 1e-9, steps: 1, randomStart: false }),
      },
    );
    const expected = [0, 1, 2, 0].map((label, row) =>
      z.slice(3 * row, 3 * row + 3).reduce((sum, one, k) => sum + Math.log1p(Math.exp(k === label ? -one : one)), 0),
    );
    const largest = [0, 1].map((row) => sigmoid(Math.max(...outside.slice(3 * row, 3 * row + 3))));
    expect((await inLoss.data())[0]).toBeCloseTo(expected.reduce((a, b) => a + b) / 4, 5);
    expect((await outLoss.data())[0]).toBeCloseTo((Math.log(largest[0]!) + Math.log(largest[1]!)) / 2, 5);
    expect((await outConfidence.data())[0]).toBeCloseTo((largest[0]! + largest[1]!) / 2, 5);
    const { epochs } = await fit(
      net,
      { x, y },
      {
        method: 'ceda',
        epochs: 2,
        batchSize: 4,
        optimizer: tf.train.sgd(1e-6),
        validation: { x, y },
        weightDecay: 0,
        seed: 1,
      },
    );
    expect(epochs[0]!.validation!.loss).toBeCloseTo(expected.reduce((a, b) => a + b) / 4, 4);
  });

  it('are evaluated by the largest of them', async () => {
    const net = classifier(model, { outputs: 'sigmoids' });
    const { rows } = await evaluateOod(net, { in: { x, y: tf.tensor1d([0, 1, 2, 0]) }, out: { same: x }, seed: 1 });
    const clean = await confidences(net, x);
    const mean = clean.reduce((a, b) => a + b) / 4;
    for (const name of ['in', 'same'])
      expect(rows.find((row) => row.name === name || row.kind === name)!.meanMaxConfidence).toBeCloseTo(mean, 6);
  });

  it('are refused where the mathematics is that of the softmax', async () => {
    const where = { fn: 'f', argument: 'model' };
    await expectRefusal(() => checkSoftmaxHead(where, classifier(model, { outputs: 'sigmoids' })), {
      code: 'UNSUPPORTED_MODEL',
      ...where,
    });
    checkSoftmaxHead(where, classifier(pair(3, 'softmax').model));
  });
});

describe('other bounded outputs', () => {
  const fn = 'classifier';
  const refusal = { code: 'UNSUPPORTED_MODEL', fn, argument: 'model' } as const;

  test.each(['tanh', 'softsign', 'hardSigmoid', 'relu6'] as const)(
    "%s is refused, unless outputs: 'logits' says that a softmax was trained over it",
    async (activation) => {
      const { model } = pair(3, activation);
      const separate = sequential({ layers: [pair(3, 'linear').bare, layers.activation({ activation })] });
      for (const one of [model, separate]) {
        await expectRefusal(() => classifier(one), refusal);
        expect(() => classifier(one)).toThrow(/bounded output/);
        expect(classifier(one, { outputs: 'logits' })).toMatchObject({ classes: 3, head: 'softmax' });
        await expectRefusal(() => classifier(one, { outputs: 'sigmoids' }), {
          code: 'INVALID_OPTION',
          fn,
          argument: 'outputs',
        });
      }
    },
  );

  it('a softmax over another axis than that of the classes is refused', async () => {
    const overBatch = (z: tf.Tensor) => tf.softmax(tf.mul(30, z) as tf.Tensor2D, -1);
    const wrong = (z: tf.Tensor) => tf.transpose(overBatch(tf.transpose(z))) as tf.Tensor2D;
    await expectRefusal(() => classifier(wrong, { inputShape: shape }), {
      ...refusal,
      code: 'PROBABILITIES_AS_LOGITS',
    });
    const perPlace = (axis: number) =>
      sequential({
        layers: [layers.reshape({ inputShape: [4], targetShape: [2, 2] }), layers.softmax({ axis }), layers.flatten()],
      });
    await expectRefusal(() => classifier(perPlace(1)), refusal);
    await expectRefusal(() => classifier(perPlace(-1)), { code: 'INVALID_OPTION', fn, argument: 'outputs' });
  });

  test.each(['Tanh', 'Relu6'])('a GraphModel that ends in %s is refused', async (op) => {
    const graph = await graphModelEndingIn([op]);
    await expectRefusal(() => classifier(graph), refusal);
    expect(classifier(graph, { outputs: 'logits' }).classes).toBe(3);
  });

  it('a function with values in [-1, 1] even far outside the bounds is refused, one that grows is not', async () => {
    const small = tf.keep(tf.tensor2d([1e-4, -2e-4, 3e-4, 1e-4], [2, 2]));
    const linear = (z: tf.Tensor) => tf.matMul(z as tf.Tensor2D, small) as tf.Tensor2D;
    const bounded = (z: tf.Tensor) => tf.tanh(linear(z)) as tf.Tensor2D;
    expect(classifier(linear, { inputShape: shape }).classes).toBe(2);
    await expectRefusal(() => classifier(bounded, { inputShape: shape }), refusal);
    expect(classifier(bounded, { inputShape: shape, outputs: 'logits' }).classes).toBe(2);
    small.dispose();
  });

  it('values in [0, 1] inside the bounds alone are logits: a rectified network of small weights', () => {
    const small = (z: tf.Tensor) => tf.mul(0.3, tf.relu(tf.concat([z, tf.sub(1, z)], 1))) as tf.Tensor2D;
    expect(classifier(small, { inputShape: shape })).toMatchObject({ classes: 4, head: 'softmax' });
  });

  it('a model that returns the same for all inputs is not called bounded', () => {
    const constant = (z: tf.Tensor) => tf.zeros([z.shape[0]!, 3]) as tf.Tensor2D;
    expect(classifier(constant, { inputShape: shape }).classes).toBe(3);
  });
});

describe('a softmax', () => {
  test.each([[['Softmax']], [['Softmax', 'Identity']]])('is taken off a GraphModel that ends in %j', async (ops) => {
    const graph = await graphModelEndingIn(ops);
    const bare = await graphModelEndingIn([]);
    for (const outputs of ['auto', 'probabilities'] as const) {
      const net = classifier(graph, { outputs });
      expect(await tf.tidy(() => net.logits(x)).data()).toEqual(
        await tf.tidy(() => bare.predict(x) as tf.Tensor).data(),
      );
    }
    await expectRefusal(() => classifier(graph, { outputs: 'logits' }), {
      code: 'PROBABILITIES_AS_LOGITS',
      fn: 'classifier',
      argument: 'model',
    });
  });

  it('is contradicted by outputs of sigmoids', async () => {
    const { model } = pair(3, 'softmax');
    for (const outputs of ['sigmoid', 'sigmoids'] as const)
      await expectRefusal(() => classifier(model, { outputs }), {
        code: 'INVALID_OPTION',
        fn: 'classifier',
        argument: 'outputs',
      });
    expect(classifier(model, { outputs: 'probabilities' }).classes).toBe(3);
    await expectRefusal(() => classifier(model, { outputs: 'logits' }), {
      code: 'PROBABILITIES_AS_LOGITS',
      fn: 'classifier',
      argument: 'model',
    });
  });

  it('under a log is a logit already', async () => {
    const graph = await graphModelEndingIn(['LogSoftmax']);
    const bare = await graphModelEndingIn([]);
    expectClose(await confidences(graph, x), await confidences(bare, x));
  });
});
