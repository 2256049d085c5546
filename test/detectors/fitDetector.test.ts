import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import {
  model as buildModel,
  input,
  type LayersModel,
  layers,
  type SymbolicTensor,
  sequential,
} from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { classifier } from '../../src/classifier/classifier';
import {
  type DetectorKind,
  type FitDetectorOptions,
  features,
  fitDetector,
  restoreDetector,
} from '../../src/detectors/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { tinyGraphModel } from '../support/graphModel';
import { tinyBatch, tinyMlp } from '../support/smallModels';

interface Case {
  readonly name: string;
  readonly count: number;
  readonly size: number;
  readonly classes: number;
  readonly dimensions: number;
  readonly groups: number[];
  readonly train: number[];
  readonly test: number[];
  readonly weights: number[];
  readonly bias: number[];
  readonly scores: Record<string, (number | string)[]>;
}

const cases: Case[] = JSON.parse(readFileSync(new URL('./fixtures/oracle.json', import.meta.url), 'utf8'));

/** A model whose features are its inputs, cut off at zero. */
function passing({ size, classes, weights, bias }: Case): LayersModel {
  const made = sequential({
    layers: [
      layers.dense({ inputShape: [size], units: size, activation: 'relu', name: 'features' }),
      layers.dense({ units: classes, activation: 'softmax' }),
    ],
  });
  tf.tidy(() => {
    const head = tf.transpose(tf.tensor2d(weights, [classes, size]));
    made.setWeights([tf.eye(size), tf.zeros([size]), head, tf.tensor1d(bias)]);
  });
  return made;
}

const runs = cases.flatMap((one) => Object.keys(one.scores).map((score) => [score, one.name, one] as const));

describe('fitDetector', () => {
  test.each(runs)('%s of %s is what numpy, scipy and scikit-learn compute, to 1e-5', async (score, _, one) => {
    const [kind, shrinkage] = score.split(' ') as [DetectorKind, string?];
    const model = passing(one);
    const x = tf.tensor2d(one.train, [one.count, one.size]);
    const y = tf.tensor1d(one.groups, 'int32');
    const options: FitDetectorOptions = {
      ...(shrinkage !== undefined && { shrinkage: Number(shrinkage) }),
      ...(kind === 'vim' && { dimensions: one.dimensions }),
    };
    const points = tf.tensor2d(one.test, [one.test.length / one.size, one.size]);
    const [scores, restored] = await expectNoLeak(async () => {
      const detector = await fitDetector(kind, model, { x, y }, options);
      const again = await restoreDetector(JSON.parse(JSON.stringify(detector.save())), model);
      return [await detector.score(points), await again.score(points)];
    });
    expect(restored).toEqual(scores);
    const expected = one.scores[score]!.map((value) => (value === '-inf' ? -Infinity : Number(value)));
    const largest = Math.max(...expected.filter(Number.isFinite).map(Math.abs));
    for (const [i, value] of expected.entries())
      if (Number.isFinite(value)) expect(Math.abs(scores![i]! - value) / largest).toBeLessThan(1e-5);
      else expect(scores![i]).toBe(value);
    tf.dispose([x, y, points]);
    model.dispose();
  });

  test('takes examples without labels for what the model says of them', async () => {
    const model = tinyMlp();
    const { x } = tinyBatch(40);
    const y = tf.argMax(model.predict(x) as tf.Tensor2D, 1) as tf.Tensor1D;
    const [labelled, alone] = [await fitDetector('she', model, { x, y }), await fitDetector('she', model, x)];
    expect(alone.save()).toEqual(labelled.save());
  });

  test('learns the same from a stream of batches, which it disposes', async () => {
    const model = tinyMlp();
    const { x } = tinyBatch(40);
    const whole = await fitDetector('mahalanobis', model, x);
    async function* batches() {
      for (const start of [0, 25]) yield tf.slice(x, start, start === 0 ? 25 : 15);
    }
    const streamed = await expectNoLeak(() => fitDetector('mahalanobis', model, batches()));
    expect(streamed.save()).toEqual(whole.save());
  });

  test('asks functions for scores of their logits', async () => {
    const model = (x: tf.Tensor) => tf.mul(x, tf.tensor1d([1, -1])) as tf.Tensor2D;
    const x = tf.tensor2d([[40, 40]]);
    const detector = await fitDetector('max-logit', model, x);
    expect(await detector.score(x)).toEqual(Float64Array.of(40));
  });

  test('hears its signal and tells how far it is', async () => {
    const model = tinyMlp();
    const { x } = tinyBatch(40);
    const seen: number[] = [];
    await fitDetector('knn', model, x, { batchSize: 20, onProgress: ({ done }) => seen.push(done) });
    expect(seen).toEqual([20, 40]);
    const signal = AbortSignal.abort();
    await expectRefusal(() => fitDetector('knn', model, x, { signal }), {
      code: 'ABORTED',
      fn: 'fitDetector',
      argument: 'signal',
    });
  });

  describe('refuses', () => {
    const model = tinyMlp();
    const { x, y } = tinyBatch(40);
    const linear = sequential({ layers: [layers.dense({ inputShape: [2], units: 3 })] });
    const one = tf.zeros([40], 'int32') as tf.Tensor1D;
    const fn = 'fitDetector';
    test.each([
      ['a kind that there is none of', () => fitDetector('kmn' as DetectorKind, model, x), 'INVALID_OPTION', 'kind'],
      ['an option of another kind', () => fitDetector('vim', model, x, { k: 3 }), 'INVALID_OPTION', 'k'],
      ['more neighbours than examples', () => fitDetector('knn', model, x, { k: 41 }), 'INVALID_OPTION', 'k'],
      ['a share beyond 1', () => fitDetector('mahalanobis', model, x, { shrinkage: 2 }), 'INVALID_OPTION', 'shrinkage'],
      ['all features dropped', () => fitDetector('ash', model, x, { percentile: 100 }), 'INVALID_OPTION', 'percentile'],
      ['a layer that is not there', () => fitDetector('knn', model, x, { layer: 'no' }), 'INVALID_OPTION', 'layer'],
      ['a layer for logits', () => fitDetector('energy', model, x, { layer: 'a' }), 'INVALID_OPTION', 'layer'],
      [
        'one class for a relative distance',
        () => fitDetector('relative-mahalanobis', model, { x, y: one }),
        'INVALID_ARGUMENT',
        'data',
      ],
      [
        'features that are the same for all',
        () =>
          fitDetector(
            'mahalanobis',
            model,
            tf.tidy(() => tf.ones([9, 2])),
          ),
        'INVALID_ARGUMENT',
        'data',
      ],
      ['a temperature without labels', () => fitDetector('temperature', model, x), 'INVALID_ARGUMENT', 'data'],
      ['a model without features', () => fitDetector('knn', linear, x), 'UNSUPPORTED_MODEL', 'model'],
      ['features of a function', () => fitDetector('knn', (z) => z as tf.Tensor2D, x), 'UNSUPPORTED_MODEL', 'model'],
      [
        'a score of a softmax for sigmoids',
        () => fitDetector('energy', classifier(sigmoids(), { outputs: 'sigmoids' }), x),
        'UNSUPPORTED_MODEL',
        'model',
      ],
      ['labels out of range', () => fitDetector('she', model, { x, y: tf.fill([40], 3) }), 'INVALID_LABELS', 'labels'],
    ] as const)('%s', async (_, work, code, argument) => {
      void y;
      await expect(work()).rejects.toMatchObject({ code, fn, argument });
    });
  });
});

function sigmoids(): LayersModel {
  return sequential({ layers: [layers.dense({ inputShape: [2], units: 3, activation: 'sigmoid' })] });
}

describe('restoreDetector', () => {
  const fn = 'restoreDetector';
  test('refuses a detector of another model, of another version and one that is damaged', async () => {
    const model = tinyMlp();
    const { x } = tinyBatch(20);
    const saved = (await fitDetector('knn', model, x)).save();
    const refusal = { code: 'INVALID_DATA', fn, argument: 'saved' } as const;
    const other = tinyMlp(2);
    await expectRefusal(() => restoreDetector({ ...saved, layer: other.layers[0]!.name }, other), refusal);
    await expectRefusal(() => restoreDetector(saved, other), refusal);
    const wider = sequential({
      layers: [layers.dense({ inputShape: [2], units: 5, activation: 'relu' }), layers.dense({ units: 3 })],
    });
    await expect(restoreDetector({ ...saved, layer: wider.layers[0]!.name }, wider)).rejects.toMatchObject(refusal);
    const older = { ...saved, format: 'relu-overconfidence/detector@1' as typeof saved.format };
    await expectRefusal(() => restoreDetector(older, model), refusal);
    const bank = { type: 'float32', base64: 'AAA' } as const;
    await expectRefusal(() => restoreDetector({ ...saved, parts: { ...saved.parts, bank } }, model), refusal);
  });
});

describe('features', () => {
  test('are those in front of the last layer, and their logits those of the model', async () => {
    const model = tinyMlp();
    const { x } = tinyBatch(7);
    const found = features(model);
    const rows = await expectNoLeak(() => found.read(x, { batchSize: 3 }));
    const hidden = model.layers[0]!.apply(x) as tf.Tensor;
    const logits = model.predict(x) as tf.Tensor;
    expect([found.size, rows.count]).toEqual([16, 7]);
    for (const [got, expected] of [
      [rows.features, await hidden.data()],
      [rows.logits, await logits.data()],
    ] as const)
      for (const [i, value] of got.entries()) expect(value).toBeCloseTo(expected[i]!, 5);
  });

  test('are found in a model inside a model, and a layer can be named there', async () => {
    const trunk = sequential({
      layers: [
        layers.conv2d({ inputShape: [6, 6, 1], filters: 5, kernelSize: 3, activation: 'relu' }),
        layers.globalAveragePooling2d({ name: 'pooled' }),
      ],
    });
    const head = sequential({
      layers: [
        layers.dense({ inputShape: [5], units: 4, activation: 'relu', name: 'hidden' }),
        layers.dense({ units: 2, activation: 'softmax', name: 'last' }),
      ],
    });
    const whole = sequential({ layers: [trunk, head] });
    expect(features(whole).layer).toBe('hidden');
    expect(features(whole).layers).toEqual(['pooled', 'hidden', 'hidden']);
    expect(features(whole, { layer: 'pooled' }).size).toBe(5);
  });

  test('of a model with a branch are only where all goes through', () => {
    const x = input({ shape: [4] });
    const a = layers.dense({ units: 3, name: 'a' }).apply(x) as SymbolicTensor;
    const b = layers.dense({ units: 3, name: 'b' }).apply(x) as SymbolicTensor;
    const sum = layers.add({ name: 'sum' }).apply([a, b]) as SymbolicTensor;
    const out = layers.dense({ units: 2 }).apply(sum) as SymbolicTensor;
    const model = buildModel({ inputs: x, outputs: out });
    expect(features(model).layers).toEqual(['sum']);
  });

  test('are read from a GraphModel', async () => {
    const graph = await tinyGraphModel({ softmax: true });
    const found = features(graph);
    expect([found.layer, found.size]).toEqual(['relu', 4]);
    const { x } = tinyBatch(3);
    const relu = graph.execute(x, 'relu') as tf.Tensor;
    expect(Array.from((await found.read(x)).features)).toEqual(Array.from(await relu.data()));
  });

  test('of a residual network or a linear model are refused where there are none', async () => {
    const linear = sequential({ layers: [layers.dense({ inputShape: [2], units: 3 })] });
    await expectRefusal(() => features(linear), { code: 'UNSUPPORTED_MODEL', fn: 'features', argument: 'model' });
    const model = tinyMlp();
    await expectRefusal(() => features(model, { layer: 'x' }), {
      code: 'INVALID_OPTION',
      fn: 'features',
      argument: 'layer',
    });
  });
});
