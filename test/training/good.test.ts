import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { atOnce } from '../../src/core/pausing';
import { createRng } from '../../src/core/rng';
import { differenceBounds } from '../../src/guarantees/bounds/confidenceOverBox';
import { intervalBounds } from '../../src/guarantees/bounds/intervalBounds';
import { linearBounds } from '../../src/guarantees/bounds/linearBounds';
import { classifier, fit, goodGradients, goodStep } from '../../src/index';
import { toPiecewiseAffine } from '../../src/regions';
import { smallest } from '../../src/training/good/goodStep';
import { differenceSpan, modelSpan } from '../../src/training/good/modelSpan';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { onBackend } from '../support/onBackend';
import { build, endings, gap, imageSteps } from '../support/regionModels';
import { tinyBatch, tinyMlp, tinyMlpWithState, weightsOf } from '../support/smallModels';

const UNSUPPORTED = ['prelu', 'prelu, shared', 'separable'];

/** One small network for every layer, with and without a softmax. */
const made = [
  ...Object.keys(imageSteps)
    .filter((name) => !UNSUPPORTED.includes(name))
    .map((name, seed) => ({ steps: [name], ending: 'flatten', hidden: [5], softmax: seed % 2 === 0, seed })),
  ...Object.keys(endings).map((ending, seed) => ({ steps: ['conv'], ending, hidden: [], softmax: false, seed })),
].map((architecture) => ({ image: [3, 3, 2] as const, ...architecture }));

/** A box of inputs around a random point. */
function randomBox(size: number, reach: number, seed: number) {
  const rng = createRng(seed);
  const centre = Float64Array.from({ length: size }, () => Math.fround(rng.normal()));
  return { lower: centre.map((v) => Math.fround(v - reach)), upper: centre.map((v) => Math.fround(v + reach)) };
}

async function read(make: () => tf.Tensor): Promise<Float32Array> {
  const result = tf.tidy(make);
  const values = (await result.data()) as Float32Array;
  result.dispose();
  return values;
}

const tensorOf = (values: Float64Array, shape: readonly number[]) =>
  tf.tensor(Float32Array.from(values), [1, ...shape]);

describe('intervals through the layers of a model', () => {
  it.each(made)('are those in float64, up to float32 rounding: $steps, $ending', async (architecture) => {
    const model = build(architecture);
    const net = toPiecewiseAffine(model);
    const box = randomBox(net.inputSize, 0.2, architecture.seed);
    const span = () => ({ lower: tensorOf(box.lower, net.inputShape), upper: tensorOf(box.upper, net.inputShape) });
    const bounds = intervalBounds(net, box.lower, box.upper);
    for (const side of ['lower', 'upper'] as const)
      expect(gap(await read(() => modelSpan('f', model, span())[side]), bounds[side])).toBeLessThan(1e-5);
    const differences = atOnce(differenceBounds(net, atOnce(linearBounds(net, box, false)), false));
    expect(gap(await read(() => differenceSpan('f', model, span())), differences)).toBeLessThan(1e-5);
    model.dispose();
  });

  it('take the difference after the bounds where the model does not end in a dense layer', async () => {
    const model = sequential({ layers: [layers.dense({ inputShape: [2], units: 3 }), layers.reLU()] });
    const box = randomBox(2, 0.3, 1);
    const { lower, upper } = intervalBounds(toPiecewiseAffine(model), box.lower, box.upper);
    const span = () => ({ lower: tensorOf(box.lower, [2]), upper: tensorOf(box.upper, [2]) });
    const expected = Array.from({ length: 9 }, (_, p) => {
      const [k, j] = [Math.floor(p / 3), p % 3];
      return k === j ? 0 : upper[k]! - lower[j]!;
    });
    expect(gap(await read(() => differenceSpan('f', model, span())), expected)).toBeLessThan(1e-5);
    model.dispose();
  });

  it('name the layer that they cannot pass', async () => {
    for (const name of UNSUPPORTED) {
      const model = build({ image: [3, 3, 2], steps: [name], ending: 'flatten', hidden: [], softmax: false, seed: 1 });
      const x = tf.zeros([2, 3, 3, 2]);
      const y = tf.tensor1d([0, 1], 'int32');
      await expectRefusal(() => goodGradients(model, { x, y }), {
        code: 'UNSUPPORTED_MODEL',
        fn: 'goodGradients',
        argument: 'model',
      });
      tf.dispose([x, y]);
      model.dispose();
    }
    const { x, y } = tinyBatch(2);
    const refused = { code: 'UNSUPPORTED_MODEL', fn: 'goodGradients', argument: 'model' } as const;
    const w = tf.variable(tf.ones([2, 3]));
    const f = classifier((z) => tf.matMul(z as tf.Tensor2D, w as tf.Tensor as tf.Tensor2D), {
      inputShape: [2],
      variables: [w],
    });
    await expectRefusal(() => goodGradients(f, { x, y }), refused);
    tf.dispose([x, y, w]);
  });
});

const noise = () => tf.tensor2d([0.9, 0.2, 0.4, 0.45, 0.1, 0.8], [3, 2]);

/** The objective in float64, for weights that are the model's own. */
function objective(model: LayersModel, epsilon: number, quantile: number): number {
  const net = toPiecewiseAffine(model);
  const rows = [
    [0.9, 0.2],
    [0.4, 0.45],
    [0.1, 0.8],
  ];
  const worst = (reach: number) =>
    rows.map((row) => {
      const box = {
        lower: Float64Array.from(row, (v) => Math.max(0, Math.fround(v) - reach)),
        upper: Float64Array.from(row, (v) => Math.min(1, Math.fround(v) + reach)),
      };
      return Math.max(...atOnce(differenceBounds(net, atOnce(linearBounds(net, box, false)), false)));
    });
  const [balls, points] = [worst(epsilon), worst(0)];
  const sorted = [...balls].sort((a, b) => a - b);
  const easy = (u: number) => sorted.indexOf(u) < Math.ceil(3 * quantile);
  const used = balls.map((u, i) => (easy(u) ? u : points[i]!));
  return used.reduce((sum, u) => sum + Math.log(1 + u ** 2 / 2) / 3, 0);
}

describe('goodGradients', () => {
  it.each([1, 0.5, 0])(
    'has the loss log(1 + u^2 / 2) and its gradients, by differences in float64 (quantile %s)',
    async (quantile) => {
      const model = tinyMlp(4);
      const { x, y } = tinyBatch(6);
      const options = { epsilon: 0.1, lambda: 3, quantile, weightDecay: 0, noise };
      const [whole, plain] = [
        goodGradients(model, { x, y }, options),
        goodGradients(model, { x, y }, { ...options, lambda: 0 }),
      ];
      expect((await whole.outLoss.data())[0]).toBeCloseTo(objective(model, 0.1, quantile), 4);
      const inLoss = (await whole.inLoss.data())[0]!;
      expect((await whole.loss.data())[0]).toBeCloseTo((inLoss + 3 * objective(model, 0.1, quantile)) / 4, 4);
      for (const weight of model.trainableWeights) {
        const variable = weight.read() as tf.Variable;
        const grad = await whole.grads[variable.name]!.data();
        const ofClean = await plain.grads[variable.name]!.data();
        const values = Float32Array.from(await variable.data());
        for (let i = 0; i < values.length; i += 3) {
          const at = (by: number) => {
            const moved = values.slice();
            moved[i]! += by;
            tf.tidy(() => variable.assign(tf.tensor(moved, variable.shape)));
            return objective(model, 0.1, quantile);
          };
          const slope = (at(2 ** -12) - at(-(2 ** -12))) / 2 ** -11;
          at(0);
          expect(Math.abs(grad[i]! - (ofClean[i]! + 3 * slope) / 4)).toBeLessThan(2e-3);
        }
      }
      tf.dispose([x, y, whole, plain]);
      model.dispose();
    },
  );

  it('bounds the mean confidence on noise', async () => {
    const model = tinyMlp(3);
    const batch = tinyBatch(4);
    const outConfidences: number[] = [];
    for (const epsilon of [0, 0.05, 0.2]) {
      const seen = goodGradients(model, batch, { epsilon, noise });
      outConfidences.push((await seen.outConfidence.data())[0]!);
      tf.dispose(seen);
    }
    const logits = tf.tidy(() => tf.mean(tf.max(tf.softmax(model.predict(noise()) as tf.Tensor2D), 1)));
    expect(outConfidences[0]).toBeCloseTo((await logits.data())[0]!, 5);
    expect(outConfidences[1]).toBeGreaterThan(outConfidences[0]!);
    expect(outConfidences[2]).toBeGreaterThan(outConfidences[1]!);
    tf.dispose([logits, batch.x, batch.y]);
    model.dispose();
  });

  it('counts the first of equal bounds as the lower one', async () => {
    expect([...(await read(() => smallest(tf.tensor1d([2, 1, 2, 3]), 0.5)))]).toEqual([1, 1, 0, 0]);
    expect([...(await read(() => smallest(tf.tensor1d([2, 1, 2, 3]), 0)))]).toEqual([0, 0, 0, 0]);
  });

  it.each([0.5, 1])(
    'refuses a layer it has no bounds for by name, and leaves nothing behind (quantile %s)',
    async (quantile) => {
      const { x, y } = tinyBatch(2);
      const parts = [layers.dense({ inputShape: [2], units: 4 }), layers.prelu(), layers.dense({ units: 3 })];
      const model = sequential({ layers: parts });
      const refused = { code: 'UNSUPPORTED_MODEL', argument: 'model' } as const;
      await expectRefusal(() => goodGradients(model, { x, y }, { quantile }), { ...refused, fn: 'goodGradients' });
      const optimizer = tf.train.sgd(0.1);
      await expectRefusal(() => goodStep(model, optimizer, { x, y }, { quantile }), { ...refused, fn: 'goodStep' });
      tf.dispose([x, y]);
      optimizer.dispose();
      model.dispose();
    },
  );

  it('refuses a quantile that is no share, and takes epsilon 0', async () => {
    const { x, y } = tinyBatch(2);
    const model = tinyMlp();
    for (const [argument, value] of [
      ['quantile', 1.5],
      ['epsilon', -0.1],
      ['lambda', -1],
    ] as const)
      await expectRefusal(() => goodGradients(model, { x, y }, { [argument]: value }), {
        code: 'INVALID_OPTION',
        fn: 'goodGradients',
        argument,
      });
    tf.dispose([goodGradients(model, { x, y }, { epsilon: 0 }), x, y]);
    model.dispose();
  });
});

describe('goodStep', () => {
  const trained = async (steps: number) => {
    const [model, optimizer, batch] = [tinyMlpWithState(), tf.train.adam(0.02), tinyBatch(16)];
    const losses: number[] = [];
    for (let i = 0; i < steps; i++) {
      const seen = goodStep(model, optimizer, batch, { epsilon: 0.1, seed: 3, quantile: 0.75 });
      losses.push((await seen.loss.data())[0]!);
      tf.dispose(seen);
    }
    return { losses, weights: await weightsOf(model) };
  };

  it('lowers its loss, gives the same weights for the same seed, on cpu and wasm', async () => {
    const first = await trained(20);
    expect(first.losses.at(-1)!).toBeLessThan(first.losses[0]! - 0.1);
    const short = await trained(5);
    expect(await trained(5)).toEqual(short);
    const onWasm = await onBackend('wasm', () => trained(5));
    expect(gap(onWasm.weights, short.weights)).toBeLessThan(1e-3);
  });

  it('leaves nothing behind but the four scalars it returns', async () => {
    const [model, optimizer, batch] = [tinyMlp(), tf.train.adam(0.01), tinyBatch(4)];
    tf.dispose(goodStep(model, optimizer, batch, { quantile: 0.5 }));
    await expectNoLeak(() => tf.dispose(goodStep(model, optimizer, batch, { quantile: 0.5 })));
    tf.dispose([batch.x, batch.y]);
  });

  it('is a method of fit, which raises epsilon and lambda', async () => {
    const [model, batch] = [tinyMlp(), tinyBatch(8)];
    const done: number[] = [];
    const ramp = (share: number) => {
      done.push(share);
      return share;
    };
    const history = await fit(model, batch, { method: 'good', epochs: 2, batchSize: 4, epsilon: 0.1, ramp, seed: 1 });
    expect(done.slice(0, 1)).toEqual([0]);
    expect([...new Set(done)]).toEqual([0, 0.25, 0.5, 0.75]);
    expect(history.method).toBe('good');
    expect(history.epochs[1]!.outConfidence).toBeGreaterThan(1 / 3);
    tf.dispose([batch.x, batch.y]);
  });
});
