import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type Attack,
  acetGradients,
  acetStep,
  cedaGradients,
  cedaStep,
  classifier,
  createRng,
  fit,
  maxConfidenceAttack,
  pgdLinf,
  plainGradients,
  plainStep,
  uniformCrossEntropy,
  uniformNoise,
} from '../../src/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { onBackend } from '../support/onBackend';
import { optionsOf } from '../support/optionsOf';
import { seedWeights, tinyBatch, tinyMlp, tinyMlpWithState, weightsOf } from '../support/smallModels';

await tf.setBackend('cpu');
const noise = (images: tf.Tensor, rng: ReturnType<typeof createRng>) => uniformNoise(images.shape, { rng });
const softmax = (z: number[]) => {
  const e = z.map((v) => Math.exp(v - Math.max(...z)));
  return e.map((v) => v / e.reduce((s, w) => s + w, 0));
};

/** Float64 value and kernel gradient of the objective for the linear model x W (no bias), straight from equation (1). */
function linearObjective(
  w: number[][],
  clean: number[][],
  labels: number[],
  out: number[][],
  lambda: number,
  decay: number,
) {
  const classes = w[0]!.length;
  const logits = (x: number[]) =>
    Array.from({ length: classes }, (_, k) => x.reduce((s, v, i) => s + v * w[i]![k]!, 0));
  const gradient = w.map((row) => row.map((v) => 2 * decay * v));
  const addOuter = (x: number[], perLogit: number[], weight: number) => {
    x.forEach((v, i) => {
      perLogit.forEach((g, k) => {
        gradient[i]![k]! += weight * v * g;
      });
    });
  };
  let [inLoss, outLoss] = [0, 0];
  clean.forEach((x, i) => {
    const p = softmax(logits(x));
    inLoss -= Math.log(p[labels[i]!]!) / clean.length;
    addOuter(
      x,
      p.map((v, k) => v - Number(k === labels[i])),
      1 / clean.length / (1 + lambda),
    );
  });
  out.forEach((x) => {
    const p = softmax(logits(x));
    const top = p.indexOf(Math.max(...p));
    outLoss += Math.log(p[top]!) / out.length;
    addOuter(
      x,
      p.map((v, k) => Number(k === top) - v),
      lambda / out.length / (1 + lambda),
    );
  });
  const squares = w.flat().reduce((s, v) => s + v * v, 0);
  return { loss: (inLoss + lambda * outLoss) / (1 + lambda) + decay * squares, inLoss, outLoss, gradient };
}

describe('the objective of a step', () => {
  it('is (mean CE + lambda mean L_pout) / (1 + lambda) + decay |w|^2, with the gradient of a float64 re-implementation', async () => {
    for (const lambda of [0, 0.5, 1, 3]) {
      const model = seedWeights(
        sequential({ layers: [layers.dense({ inputShape: [2], units: 3, useBias: false })] }),
        5,
      );
      const { x, y } = tinyBatch(7);
      const z = tf.tensor2d([0.9, 0.2, 0.4, 0.4, 0.1, 0.8, 0.5, 0.6], [4, 2]);
      const { grads, ...seen } = cedaGradients(
        model,
        { x, y },
        { lambda, weightDecay: 0.01, noise: () => tf.clone(z) },
      );
      const w = (await model.getWeights()[0]!.array()) as number[][];
      const oracle = linearObjective(w, await x.array(), Array.from(await y.data()), await z.array(), lambda, 0.01);
      expect((await seen.loss.data())[0]).toBeCloseTo(oracle.loss, 5);
      expect((await seen.inLoss.data())[0]).toBeCloseTo(oracle.inLoss, 5);
      expect((await seen.outLoss.data())[0]).toBeCloseTo(oracle.outLoss, 5);
      const [kernel] = Object.values(grads);
      const gradient = (await kernel!.array()) as number[][];
      gradient.flat().forEach((g, i) => {
        expect(g).toBeCloseTo(oracle.gradient.flat()[i]!, 5);
      });
      tf.dispose([x, y, z, grads, seen]);
    }
  });

  it('takes one-hot rows as well as class indices', async () => {
    const model = tinyMlp();
    const { x, y } = tinyBatch(6);
    const rows = tf.oneHot(y, 3);
    const [a, b] = [plainGradients(model, { x, y }), plainGradients(model, { x, y: rows })];
    expect(await a.loss.data()).toEqual(await b.loss.data());
    tf.dispose([x, y, rows, a, b]);
  });

  it('has no out-distribution part in plain training: NaN, not a number that looks measured', async () => {
    const { x, y } = tinyBatch(6);
    const { outLoss, outConfidence, ...rest } = plainGradients(tinyMlp(), { x, y });
    expect(await outLoss.data()).toEqual(new Float32Array([Number.NaN]));
    expect(await outConfidence.data()).toEqual(new Float32Array([Number.NaN]));
    tf.dispose([x, y, outLoss, outConfidence, rest]);
  });

  it('is the same for { xs, ys } as for { x, y }', async () => {
    const { x, y } = tinyBatch(6);
    const model = tinyMlp();
    const [ours, theirs] = [
      { x, y },
      { xs: x, ys: y },
    ].map((batch) => acetGradients(model, batch, { steps: 2 }));
    expect(await theirs!.loss.data()).toEqual(await ours!.loss.data());
    tf.dispose([x, y, { ...ours }, { ...theirs }]);
  });

  it('takes another out-distribution loss', async () => {
    const { x, y } = tinyBatch(6);
    const seen = cedaGradients(tinyMlp(), { x, y }, { outLoss: uniformCrossEntropy, noise });
    expect((await seen.outLoss.data())[0]).toBeGreaterThan(Math.log(3) - 1e-6);
    tf.dispose([x, y, seen]);
  });

  it('of ACET is never below that of CEDA on the same noise: the attack starts there and keeps the best', async () => {
    const { x, y } = tinyBatch(16);
    const model = tinyMlp(3);
    const ceda = cedaGradients(model, { x, y }, { noise, seed: 4 });
    const acet = acetGradients(model, { x, y }, { noise, seed: 4, epsilon: 0.2, stepSize: 0.02, steps: 10 });
    const [low, high] = [(await ceda.outLoss.data())[0]!, (await acet.outLoss.data())[0]!];
    expect(high).toBeGreaterThan(low + 0.01);
    tf.dispose([x, y, ceda, acet]);
  });
});

describe('batch statistics', () => {
  it('come from noise and clean images together, and not from the attack', async () => {
    const { x, y } = tinyBatch(8);
    const z = tf.zeros([8, 2]);
    const model = sequential({
      layers: [layers.batchNormalization({ inputShape: [2], momentum: 0.9 }), layers.dense({ units: 3 })],
    });
    tf.dispose(acetGradients(model, { x, y }, { noise: () => tf.clone(z), epsilon: 1e-6, steps: 5, stepSize: 1e-7 }));
    const moving = await model.layers[0]!.weights[2]!.read().data();
    const mean = await tf.mean(x, 0).data();
    [0, 1].forEach((i) => {
      expect(moving[i]).toBeCloseTo(0.1 * (mean[i]! / 2), 5);
    });
    tf.dispose([x, y, z]);
  });
});

const STEPS = { plainStep, cedaStep, acetStep };
const ALL_OPTIONS = { seed: 3, epsilon: 0.1, steps: 3, noise };

describe.each(Object.entries(STEPS))('%s', (name, step) => {
  const OPTIONS = optionsOf(name, ALL_OPTIONS);
  let batch: ReturnType<typeof tinyBatch>;
  beforeEach(() => {
    batch = tinyBatch(12);
  });

  const trained = async (build: () => ReturnType<typeof tinyMlp>, optimizer: tf.Optimizer) => {
    const model = build();
    for (let i = 0; i < 5; i++) tf.dispose(step(model, optimizer, batch, OPTIONS));
    return weightsOf(model);
  };

  it('leaves nothing behind but the four scalars it returns', async () => {
    const model = tinyMlpWithState();
    const optimizer = tf.train.adam(0.01);
    tf.dispose(step(model, optimizer, batch, OPTIONS));
    await expectNoLeak(() => tf.dispose(step(model, optimizer, batch, OPTIONS)));
  });

  it('gives bit-identical weights for the same seed, dropout included, and others for another seed', async () => {
    const first = await trained(tinyMlpWithState, tf.train.adam(0.01));
    expect(await trained(tinyMlpWithState, tf.train.adam(0.01))).toEqual(first);
  });

  it('agrees between cpu and wasm to 1e-4', async () => {
    const onCpu = await trained(tinyMlpWithState, tf.train.momentum(0.05, 0.9));
    const onWasm = await onBackend('wasm', async () => {
      batch = tinyBatch(12);
      return trained(tinyMlpWithState, tf.train.momentum(0.05, 0.9));
    });
    onWasm.forEach((value, i) => {
      expect(Math.abs(value - onCpu[i]!)).toBeLessThan(1e-4);
    });
  });

  it('lowers its loss when repeated', async () => {
    const model = tinyMlp();
    const optimizer = tf.train.adam(0.02);
    const losses: number[] = [];
    for (let i = 0; i < 60; i++) {
      const seen = step(model, optimizer, batch, OPTIONS);
      losses.push((await seen.loss.data())[0]!);
      tf.dispose(seen);
    }
    expect(losses.at(-1)!).toBeLessThan(losses[0]! - 0.1);
  });

  it('does not move frozen layers', async () => {
    const model = tinyMlp();
    model.layers[0]!.trainable = false;
    const before = Array.from(await model.layers[0]!.getWeights()[0]!.data());
    const freeBefore = Array.from(await model.layers[1]!.getWeights()[0]!.data());
    tf.dispose(step(model, tf.train.sgd(0.5), batch, OPTIONS));
    expect(Array.from(await model.layers[0]!.getWeights()[0]!.data())).toEqual(before);
    expect(Array.from(await model.layers[1]!.getWeights()[0]!.data())).not.toEqual(freeBefore);
  });

  it('trains a plain function through the variables it was told of', async () => {
    const w = tf.variable(tf.tensor2d([0.1, -0.2, 0.3, 0.2, 0.1, -0.1], [2, 3]));
    const net = classifier((x) => tf.matMul(x as tf.Tensor2D, w as tf.Tensor as tf.Tensor2D), {
      inputShape: [2],
      variables: [w],
    });
    const before = Array.from(await w.data());
    tf.dispose(step(net, tf.train.sgd(0.5), batch, OPTIONS));
    expect(Array.from(await w.data())).not.toEqual(before);
    w.dispose();
  });
});

describe('acetStep', () => {
  it('keeps the number of tensors over 100 steps', async () => {
    const model = tinyMlp();
    const optimizer = tf.train.adam(0.01);
    const batch = tinyBatch(8);
    const options = { noise, steps: 2, seed: 1 };
    tf.dispose(acetStep(model, optimizer, batch, options));
    await expectNoLeak(() => {
      for (let i = 0; i < 100; i++) tf.dispose(acetStep(model, optimizer, batch, options));
    });
  });

  it('sees fresh noise at every step of one seed', async () => {
    const drawn: number[] = [];
    const recording = (images: tf.Tensor, rng: ReturnType<typeof createRng>) => {
      drawn.push(rng.fork('look').uniform());
      return noise(images, rng);
    };
    const [model, optimizer, batch] = [tinyMlp(), tf.train.sgd(0.01), tinyBatch(4)];
    for (let i = 0; i < 5; i++) tf.dispose(acetStep(model, optimizer, batch, { noise: recording, steps: 1, seed: 1 }));
    expect(new Set(drawn).size).toBe(5);
  });

  it('takes any attack and hands it epsilon, steps, stepSize and the stream', async () => {
    const calls: unknown[] = [];
    const batch = tinyBatch(4);
    const seen = acetGradients(tinyMlp(), batch, {
      noise,
      rng: createRng(1),
      epsilon: 0.25,
      steps: 7,
      stepSize: 0.01,
      attack: (_model, x, options) => {
        const { rng, ...rest } = options ?? {};
        calls.push(rest, typeof rng?.uniform);
        return {
          adversarial: tf.clone(x),
          objective: tf.zeros([4]),
          epsilon: 0.25,
          steps: 7,
          stepSize: 0.01,
          reach: 0.07,
          gradientEvaluations: 0,
          zeroGradients: 0,
          blindImages: 0,
          nonFiniteGradients: 0,
        };
      },
    });
    expect(calls).toEqual([{ epsilon: 0.25, steps: 7, stepSize: 0.01 }, 'function']);
    tf.dispose(seen);
  });

  it('leaves to the attack what was not set, and finds as much with the stronger attack in a quarter of the steps', () => {
    const batch = tinyBatch(32);
    const found = (attack: Attack, steps?: number) => {
      const counted: Attack = (model, x, options) => {
        const result = attack(model, x, options);
        evaluations.push(result.gradientEvaluations);
        return result;
      };
      const options = { seed: 1, epsilon: 0.1, attack: counted, ...(steps !== undefined && { steps }) };
      const { outConfidence, ...rest } = acetGradients(tinyMlp(), batch, options);
      const [confidence] = outConfidence.dataSync();
      tf.dispose([outConfidence, { ...rest }]);
      return confidence!;
    };
    const evaluations: number[] = [];
    expect(found(maxConfidenceAttack, 10)).toBeGreaterThan(found(pgdLinf) - 0.01);
    found(maxConfidenceAttack);
    expect(evaluations).toEqual([10, 40, 20]);
  });
});

const STATEFUL: Record<string, () => tf.Optimizer> = {
  momentum: () => tf.train.momentum(0.05, 0.9),
  adam: () => tf.train.adam(0.01),
  adamax: () => tf.train.adamax(0.01),
  adagrad: () => tf.train.adagrad(0.01),
  adadelta: () => tf.train.adadelta(0.01),
  rmsprop: () => tf.train.rmsprop(0.01, 0.9, 0.9, 1e-7, true),
};

describe.each(Object.entries(STATEFUL))('%s that has been used with other variables', (_, make) => {
  const batch = tinyBatch(6);
  const refused = { code: 'INVALID_ARGUMENT', argument: 'optimizer' } as const;
  const slim = () => seedWeights(sequential({ layers: [layers.dense({ inputShape: [2], units: 3 })] }), 1);

  it.each([
    ['another model of the same shapes', tinyMlp],
    ['a model with fewer variables', slim],
    ['a model with more variables', tinyMlpWithState],
  ])('is refused by a step on %s, before any work and leaking nothing', async (_other, build) => {
    const [optimizer, model] = [make(), build()];
    tf.dispose(plainStep(tinyMlp(), optimizer, batch));
    const before = await weightsOf(model);
    await expectRefusal(() => plainStep(model, optimizer, batch), { ...refused, fn: 'plainStep' });
    await expectRefusal(() => fit(model, batch, { method: 'plain', optimizer, batchSize: 3 }), {
      ...refused,
      fn: 'fit',
    });
    expect(await weightsOf(model)).toEqual(before);
  });

  it('is refused once the first layer is frozen, and not when the last is', async () => {
    const [optimizer, model] = [make(), tinyMlp()];
    tf.dispose(plainStep(model, optimizer, batch));
    const [first, last] = model.layers;
    first!.trainable = false;
    await expectRefusal(() => plainStep(model, optimizer, batch), { ...refused, fn: 'plainStep' });
    first!.trainable = true;
    last!.trainable = false;
    tf.dispose(plainStep(model, optimizer, batch));
    last!.trainable = true;
    tf.dispose(plainStep(model, optimizer, batch));
  });

  it('is taken again by the model of its first step, and where a variable has no gradient', async () => {
    const [optimizer, [v, w]] = [make(), [tf.variable(tf.ones([2, 3])), tf.variable(tf.ones([2, 3]))]];
    const net = classifier((x) => tf.matMul(x as tf.Tensor2D, w as tf.Tensor as tf.Tensor2D), {
      inputShape: [2],
      variables: [v, w],
    });
    for (let i = 0; i < 2; i++) tf.dispose(plainStep(net, optimizer, batch, { weightDecay: 0 }));
    tf.dispose([v, w]);
  });
});

describe('an optimizer', () => {
  it('without a memory of variables may serve several models', () => {
    const [optimizer, batch] = [tf.train.sgd(0.1), tinyBatch(6)];
    for (const model of [tinyMlp(), tinyMlpWithState()]) tf.dispose(plainStep(model, optimizer, batch));
  });

  it('that throws leaves no gradient behind', async () => {
    const [model, batch, optimizer] = [tinyMlp(), tinyBatch(6), tf.train.sgd(0.1)];
    optimizer.applyGradients = () => {
      throw new RangeError('mine');
    };
    await expectNoLeak(() => expect(() => plainStep(model, optimizer, batch)).toThrow('mine'));
    await expectNoLeak(() =>
      expect(fit(model, batch, { method: 'plain', optimizer, batchSize: 3 })).rejects.toThrow('mine'),
    );
  });
});
