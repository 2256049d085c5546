import * as tf from '@tensorflow/tfjs-core';
import { io, tidy } from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/rng';
import { resnetSmall } from '../../src/models';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { convolve, halve, normalise, numbers, type Picture, plus, relu, widen } from './naiveNetwork';

const EPSILON = 0.25;

/** Batch-norm weights that differ from "do nothing" and between channels; the kernels stay as they are. */
function disturbNorms(model: LayersModel): void {
  const rng = createRng('norms');
  for (const layer of model.layers.filter((l) => l.getClassName() === 'BatchNormalization'))
    tidy(() =>
      layer.setWeights(
        layer.getWeights().map((w) => tf.tensor1d(Array.from({ length: w.size }, () => 0.5 + rng.uniform()))),
      ),
    );
}

/** The network written down again, in float64, one picture at a time. */
function oracle(model: LayersModel, image: Picture): number[] {
  const weights = (name: string) => model.getLayer(name).getWeights();
  const kernel = (name: string) => weights(name)[0]!;
  const act = (p: Picture, name: string) => relu(normalise(p, weights(`${name}_norm`), EPSILON));
  let x = convolve(image, kernel('conv'), 1);
  for (const stage of [1, 2, 3])
    for (const unit of [1, 2, 3]) {
      const name = `unit_${stage}_${unit}`;
      const narrows = stage > 1 && unit === 1;
      const activated = act(x, `${name}_1`);
      const first = convolve(activated, kernel(`${name}_conv_1`), narrows ? 2 : 1);
      const second = convolve(act(first, `${name}_2`), kernel(`${name}_conv_2`), 1);
      const from = unit === 1 ? activated : x;
      x = plus(narrows ? widen(halve(from)) : from, second);
    }
  x = act(x, 'last');
  const [dense, bias] = weights('logits').map(numbers);
  const pixels = x.height * x.width;
  return bias!.map((b, k) =>
    x.values.reduce((sum, v, i) => sum + (v / pixels) * dense![(i % 64) * bias!.length + k]!, b),
  );
}

describe('resnetSmall', () => {
  it('has 269,722 trainable and 1,376 running parameters, counted by hand', async () => {
    await expectNoLeak(() => {
      const model = resnetSmall();
      const count = (ws: LayersModel['weights']) =>
        ws.reduce((sum, w) => sum + w.shape.reduce<number>((a, b) => a * b!, 1), 0);
      const convolutions = 432 + 6 * 2304 + (4608 + 5 * 9216) + (18432 + 5 * 36864);
      const normalised = 6 * 16 + (16 + 5 * 32) + (32 + 5 * 64) + 64;
      expect(count(model.trainableWeights)).toBe(convolutions + 2 * normalised + 650);
      expect(count(model.nonTrainableWeights)).toBe(2 * normalised);
      expect(model.inputs[0]!.shape).toEqual([null, 32, 32, 3]);
      expect(model.outputs[0]!.shape).toEqual([null, 10]);
      model.dispose();
    });
  });

  it('computes what the network written down in float64 computes, strides and shortcut padding included', async () => {
    await expectNoLeak(() => {
      const model = resnetSmall({ inputShape: [8, 4, 2], classes: 3, seed: 5, batchNormEpsilon: EPSILON });
      disturbNorms(model);
      const rng = createRng('image');
      const values = Array.from({ length: 64 }, () => Math.fround(rng.uniform()));
      const got = tidy(() => numbers(model.predict(tf.tensor4d(values, [1, 8, 4, 2])) as tf.Tensor));
      const want = oracle(model, { height: 8, width: 4, channels: 2, values });
      for (const [k, logit] of want.entries())
        expect(Math.abs(got[k]! - logit)).toBeLessThan(1e-5 * Math.abs(logit) + 1e-4);
      model.dispose();
    });
  });

  it('adds new channels as zeros, half before and half after the old ones, exactly', async () => {
    await expectNoLeak(() => {
      const model = resnetSmall({ inputShape: [4, 4, 1], classes: 2 });
      const padded = tidy(() => {
        const pooled = tf.tensor4d(
          Array.from({ length: 64 }, (_, i) => i + 1),
          [1, 2, 2, 16],
        );
        const names = ['to_columns', 'pad', 'to_channels'];
        return numbers(
          names.reduce((x, name) => model.getLayer(`unit_2_1_${name}`).apply(x) as tf.Tensor, pooled as tf.Tensor),
        );
      });
      const row = (pixel: number) => Array.from({ length: 32 }, (_, c) => (c >= 8 && c < 24 ? pixel * 16 + c - 7 : 0));
      expect(padded).toEqual([0, 1, 2, 3].flatMap(row));
      model.dispose();
    });
  });

  it('accepts odd sides, rounding up as the convolutions do', async () => {
    await expectNoLeak(() => {
      const model = resnetSmall({ inputShape: [5, 3, 1], classes: 2 });
      expect(model.getLayer('unit_3_3_add').outputShape).toEqual([null, 2, 1, 64]);
      model.dispose();
    });
  });

  it('has a gradient in training mode for every trainable variable', async () => {
    await expectNoLeak(() => {
      const model = resnetSmall({ inputShape: [4, 4, 1], classes: 2 });
      const x = tf.linspace(0, 1, 32);
      const variables = model.trainableWeights.map((w) => w.read() as tf.Variable);
      const { value, grads } = tf.variableGrads(
        () => tf.sum(tf.square(model.apply(tf.reshape(x, [2, 4, 4, 1]), { training: true }) as tf.Tensor)) as tf.Scalar,
        variables,
      );
      expect(Object.keys(grads)).toHaveLength(variables.length);
      const zero = Object.values(grads).filter((g) => numbers(g).every((v) => v === 0));
      expect(zero).toHaveLength(0);
      tf.dispose([x, value, grads]);
      model.dispose();
    });
  });

  it('is the same network after it was saved and loaded by tfjs-layers alone', async () => {
    await expectNoLeak(async () => {
      const model = resnetSmall({ inputShape: [4, 4, 1], classes: 2, seed: 3, batchNormEpsilon: 1.001e-5 });
      disturbNorms(model);
      let artifacts: io.ModelArtifacts | undefined;
      await model.save(
        io.withSaveHandler(async (saved) => {
          artifacts = saved;
          return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
        }),
      );
      const loaded = await loadLayersModel(io.fromMemory(artifacts!));
      const run = (m: LayersModel) => tidy(() => numbers(m.predict(tf.ones([1, 4, 4, 1])) as tf.Tensor));
      expect(run(loaded)).toEqual(run(model));
      expect(loaded.getLayer('last_norm').getConfig()).toMatchObject({ momentum: 0.99, epsilon: 1.001e-5 });
      loaded.dispose();
      model.dispose();
    });
  });

  it.each([
    ['inputShape', { inputShape: [32, 32] }],
    ['inputShape', { inputShape: [32, 32, 0] }],
    ['classes', { classes: 1 }],
    ['options', { batchNormEpsilion: 1e-3 } as object],
    ['classes', { classes: Number.NaN }],
    ['batchNormEpsilon', { batchNormEpsilon: 0 }],
  ])('refuses a bad %s', async (argument, options) => {
    await expectRefusal(() => resnetSmall(options), { code: 'INVALID_OPTION', fn: 'resnetSmall', argument });
  });
});
