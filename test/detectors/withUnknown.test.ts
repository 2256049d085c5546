import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { classifier } from '../../src/classifier/classifier';
import { confidences } from '../../src/classifier/confidences';
import { createRng } from '../../src/core/rng';
import {
  chooseThreshold,
  chooseThresholds,
  conformalPValue,
  fitDetector,
  likeTeachableMachine,
  restoreUnknown,
  type SavedUnknown,
  seenImages,
  steady,
  withUnknown,
} from '../../src/detectors/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { tinyGraphModel } from '../support/graphModel';
import { seedWeights, tinyBatch, tinyMlp } from '../support/smallModels';

const labels = ['a', 'b', 'c'];

async function guardOf(model = tinyMlp()) {
  const { x } = tinyBatch(60);
  const detector = await fitDetector('mahalanobis', model, x);
  const scores = await detector.score(tinyBatch(60, 3).x);
  return { model, detector, scores, threshold: chooseThreshold(scores), seen: await seenImages(x) };
}

describe('withUnknown', () => {
  test('accepts a score of the threshold or more, and says what the model and the detector say', async () => {
    const { model, detector, scores } = await guardOf();
    const { x } = tinyBatch(5, 9);
    const found = await detector.score(x);
    const middle = found.slice().sort()[2]!;
    const predicted = await expectNoLeak(() =>
      withUnknown(model, { detector, threshold: middle, scores, labels }).predict(x),
    );
    const sure = await confidences(model, x);
    for (const [i, { label, index, confidence, score, pValue }] of predicted.entries()) {
      expect(label).toBe(score >= middle ? labels[index] : 'unknown');
      expect(confidence).toBeCloseTo(sure[i]!, 6);
      expect(score).toBe(found[i]);
      expect(pValue).toBe(conformalPValue(scores, score));
    }
    expect(predicted.filter(({ label }) => label === 'unknown')).toHaveLength(2);
  });

  test('takes the names of the classifier, and indices where there are none', async () => {
    const { model, detector } = await guardOf();
    const { x } = tinyBatch(1, 9);
    const [plain] = await withUnknown(model, { detector, threshold: -Infinity }).predict(x);
    const [named] = await withUnknown(classifier(model, { labels }), { detector, threshold: -Infinity }).predict(x);
    expect([plain!.label, named!.label]).toEqual([String(plain!.index), labels[plain!.index]]);
    expect(plain!.pValue).toBeNaN();
  });

  test('takes a threshold for each class, and refuses a class without one', async () => {
    const { model, detector, scores } = await guardOf();
    const { x } = tinyBatch(20, 9);
    const all = chooseThresholds(scores, new Array(60).fill(1), 3);
    const predicted = await withUnknown(model, { detector, threshold: all }).predict(x);
    for (const { label, index, score } of predicted)
      expect(label).toBe(index === 1 && score >= all[1]!.threshold ? '1' : 'unknown');
  });

  test.each([
    ['values outside the box', [0.5, 2], 'the preprocessing looks wrong: its values go from 0.5 to 2'],
    ['nearly one colour', [0.5, 0.5001], 'it is nearly of one colour'],
  ])('refuses %s whatever the score', async (_, values, reason) => {
    const { model, detector, seen } = await guardOf();
    const contrasting = { ...seen, contrast: 0.3 };
    const predict = withUnknown(model, { detector, threshold: -Infinity, seen: contrasting }).predict;
    const [found] = await predict(tf.tensor2d([values]));
    expect(found!.label).toBe('unknown');
    expect(found!.reason).toContain(reason);
  });

  test('says why a low score may be: another scale, two classes, or nothing known', async () => {
    const { model, detector } = await guardOf();
    const seen = { darkest: [0, 0.1], brightest: [0.9, 1], contrast: 0, detail: 0 } as const;
    const reasonOf = async (x: tf.Tensor, net: Parameters<typeof withUnknown>[0] = model) => {
      const own = net === model ? detector : await fitDetector('max-logit', net, x);
      return (await withUnknown(net, { detector: own, threshold: Infinity, seen }).predict(x))[0]!.reason;
    };
    expect(await reasonOf(tf.tensor2d([[0.6, 0.95]]))).toContain('the preprocessing may be wrong');
    const torn = (x: tf.Tensor) => tf.mul(x, tf.tensor1d([0, 0])) as tf.Tensor2D;
    expect(await reasonOf(tf.tensor2d([[0, 1]]), torn)).toBe('it lies between the classes 0 and 1');
    const sure = (x: tf.Tensor) => tf.mul(x, tf.tensor1d([-9, 9])) as tf.Tensor2D;
    expect(await reasonOf(tf.tensor2d([[0, 1]]), sure)).toBe('it looks like no training image');
  });

  test('refuses names and thresholds that do not fit', async () => {
    const { model, detector } = await guardOf();
    const refusal = { code: 'INVALID_OPTION', fn: 'withUnknown' } as const;
    await expectRefusal(() => withUnknown(model, { detector, threshold: 1, labels: ['a'] }), {
      ...refusal,
      argument: 'labels',
    });
    await expectRefusal(() => withUnknown(model, { detector, threshold: Number.NaN }), {
      ...refusal,
      argument: 'threshold',
    });
    await expectRefusal(() => withUnknown(model, { detector, threshold: [undefined] }), {
      ...refusal,
      argument: 'threshold',
    });
  });
});

/** A small network of images, one model inside another, that ends in a softmax. */
function nested(): LayersModel {
  const trunk = sequential({
    layers: [
      layers.conv2d({ inputShape: [6, 6, 3], filters: 8, kernelSize: 3, useBias: false }),
      layers.batchNormalization(),
      layers.reLU(),
      layers.globalAveragePooling2d({ name: 'pooled' }),
    ],
  });
  const head = sequential({
    layers: [
      layers.dense({ inputShape: [8], units: 6, activation: 'relu', name: 'hidden' }),
      layers.dense({ units: 3, activation: 'softmax', useBias: false }),
    ],
  });
  return seedWeights(sequential({ layers: [trunk, head] }), 4);
}

function photos(count: number, seed: number): tf.Tensor4D {
  const rng = createRng(seed);
  const values = new Float32Array(count * 108).map(() => 2 * rng.uniform() - 1);
  return tf.tensor4d(values, [count, 6, 6, 3]);
}

async function savedOf(model: LayersModel | tf.InferenceModel, x: tf.Tensor, layer?: string) {
  const net = classifier(model, { bounds: [-1, 1] });
  const detector = await fitDetector('knn', net, x, layer === undefined ? {} : { layer });
  const scores = await detector.score(x);
  const saved: SavedUnknown = JSON.parse(
    JSON.stringify({
      format: 'relu-overconfidence/unknown@1',
      detector: detector.save(),
      threshold: chooseThreshold(scores),
      scores: Array.from(scores).sort((a, b) => a - b),
      labels,
      bounds: [-1, 1],
      head: 'softmax',
      seen: await seenImages(x),
    } satisfies SavedUnknown),
  );
  return { saved, detector };
}

describe('seenImages', () => {
  test('tell the contrast within each colour, so that a coloured page is blank, and the least detail', async () => {
    const page = tf.tile(tf.tensor4d([0.1, 0.5, 0.9], [1, 1, 1, 3]), [1, 4, 4, 1]);
    expect(await seenImages(page)).toMatchObject({ contrast: 0, detail: 0 });
    const ramp = tf.tile(tf.reshape(tf.range(0, 5), [1, 1, 5, 1]), [1, 4, 1, 1]);
    const found = await seenImages(ramp);
    expect([found.darkest, found.brightest, found.detail]).toEqual([[0, 0], [4, 4], 0]);
    expect(found.contrast).toBeCloseTo(Math.sqrt(2), 6);
    // A point of height 1 in a 3 x 3 image: two of six second differences are 2, of either side of it none.
    const point = tf.tensor4d([0, 0, 0, 0, 1, 0, 0, 0, 0], [1, 3, 3, 1]);
    expect((await seenImages(point)).detail).toBeCloseTo(4 / 6, 6);
  });

  test('let smooth images be refused', async () => {
    const model = nested();
    const { saved } = await savedOf(model, photos(30, 1));
    const guard = await restoreUnknown(model, { ...saved, threshold: { ...saved.threshold, threshold: -99 } });
    const ramp = tf.tile(tf.reshape(tf.linspace(-1, 1, 6), [1, 1, 6, 1]), [1, 6, 1, 3]);
    const [found] = await guard.predict(ramp);
    expect([found!.label, found!.reason]).toEqual(['unknown', 'it is smoother than any training image']);
  });
});

describe('restoreUnknown', () => {
  test.each(['pooled', undefined])(
    'scores by tfjs alone as the detector did that was saved, layer %s',
    async (layer) => {
      const model = nested();
      const { saved, detector } = await savedOf(model, photos(30, 1), layer);
      const x = photos(9, 2);
      const guard = await expectNoLeak(() => restoreUnknown(model, saved));
      const predicted = await expectNoLeak(() => guard.predict(x));
      const scores = await detector.score(x);
      for (const [i, { score }] of predicted.entries()) expect(score).toBeCloseTo(scores[i]!, 5);
      expect(guard.labels).toEqual(labels);
    },
  );

  test('runs GraphModels too', async () => {
    const model = await tinyGraphModel({ softmax: true });
    const { x } = tinyBatch(20);
    const { saved, detector } = await savedOf(model, x);
    const [scores, guard] = [await detector.score(x), await restoreUnknown(model, saved)];
    const predicted = await guard.predict(x);
    for (const [i, { score }] of predicted.entries()) expect(score).toBeCloseTo(scores[i]!, 6);
  });

  test('brings the middle of the pixels of a page to the size and bounds of the model', async () => {
    const model = nested();
    const { saved } = await savedOf(model, photos(30, 1));
    const guard = await restoreUnknown(model, saved);
    const data = new Uint8Array(4 * 6 * 10).map((_, i) => (i * 37) % 256);
    const wide = { data, width: 10, height: 6 };
    const middle = Float32Array.from({ length: 108 }, (_, i) => {
      const [y, x, c] = [Math.floor(i / 18), Math.floor((i % 18) / 3) + 2, i % 3];
      return data[4 * (10 * y + x) + c]! / 127.5 - 1;
    });
    const [expected] = await guard.predict(tf.tensor4d(middle, [1, 6, 6, 3]));
    const found = await expectNoLeak(() => guard.predictImage(wide));
    expect(found.score).toBeCloseTo(expected!.score, 5);
  });

  test('refuses what is not of this version or of this model', async () => {
    const model = nested();
    const { saved } = await savedOf(model, photos(30, 1));
    const refusal = { code: 'INVALID_DATA', fn: 'restoreUnknown', argument: 'saved' } as const;
    const other = seedWeights(nested(), 5);
    await expectRefusal(() => restoreUnknown(other, saved), refusal);
    const flat = tinyMlp();
    await expectRefusal(() => restoreUnknown(flat, saved), refusal);
    await expectRefusal(() => restoreUnknown(model, { ...saved, format: 'x' as typeof saved.format }), refusal);
    await expectRefusal(() => restoreUnknown({} as LayersModel, saved), {
      code: 'INVALID_ARGUMENT',
      fn: 'restoreUnknown',
      argument: 'model',
    });
  });
});

describe('likeTeachableMachine', () => {
  test('has one more class, which is all or nothing', async () => {
    const model = nested();
    const { saved } = await savedOf(model, photos(30, 1));
    const image = { data: new Uint8Array(4 * 36).map((_, i) => (i * 91) % 256), width: 6, height: 6 };
    const at = async (threshold: number) => {
      const guard = await restoreUnknown(model, { ...saved, threshold: { ...saved.threshold, threshold } });
      return likeTeachableMachine(guard);
    };
    const refusing = await at(Number.MAX_VALUE);
    expect(refusing.getTotalClasses()).toBe(4);
    expect(refusing.getClassLabels()).toEqual(['a', 'b', 'c', 'unknown']);
    expect((await refusing.predict(image)).map(({ probability }) => probability)).toEqual([0, 0, 0, 1]);
    expect(await refusing.classify(image, 1)).toEqual([{ className: 'unknown', probability: 1 }]);
    const accepting = await (await at(-Number.MAX_VALUE)).predict(image);
    expect(accepting.map(({ className }) => className)).toEqual(['a', 'b', 'c', 'unknown']);
    expect(accepting[3]!.probability).toBe(0);
    expect(accepting.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6);
  });
});

describe('steady', () => {
  test('gives what most of the last frames are, and of equals the latest', () => {
    const smooth = steady(3);
    expect(['a', 'b', 'b', 'c', 'd'].map(smooth)).toEqual(['a', 'b', 'b', 'b', 'd']);
  });

  test('refuses no frames at all', async () => {
    await expectRefusal(() => steady(0), { code: 'INVALID_OPTION', fn: 'steady', argument: 'frames' });
  });
});
