import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { classifier } from '../../src/classifier/classifier';
import { createRng } from '../../src/core/rng';
import { waysToDestroy } from '../../src/detectors/destroyed';
import { chooseThreshold, fitDetector, fitUnknown, restoreUnknown, type SavedUnknown } from '../../src/detectors/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { seedWeights } from '../support/smallModels';

/** Images with a bright square in one of two corners, and a network of them. */
function squares(count: number, seed: number): tf.Tensor4D {
  const rng = createRng(seed);
  const values = new Float32Array(count * 64);
  for (let i = 0; i < count; i++)
    for (let y = 0; y < 8; y++)
      for (let x = 0; x < 8; x++) {
        const inside = i % 2 === 0 ? y < 4 && x < 4 : y >= 4 && x >= 4;
        values[i * 64 + y * 8 + x] = (inside ? 0.7 : 0) + 0.2 * rng.uniform();
      }
  return tf.tensor4d(values, [count, 8, 8, 1]);
}

function network() {
  return seedWeights(
    sequential({
      layers: [
        layers.conv2d({ inputShape: [8, 8, 1], filters: 6, kernelSize: 3, strides: 2, activation: 'relu' }),
        layers.flatten({ name: 'flat' }),
        layers.dense({ units: 10, activation: 'relu', name: 'hidden' }),
        layers.dense({ units: 2, activation: 'softmax' }),
      ],
    }),
    3,
  );
}

describe('fitUnknown', () => {
  test('keeps images like those it learnt from, and refuses noise, blank ones and values outside the box', async () => {
    const model = network();
    const guard = await expectNoLeak(async () => {
      const x = squares(120, 1);
      return fitUnknown(model, x, { seed: 1 }).finally(() => x.dispose());
    });
    const answers = async (x: tf.Tensor) => (await guard.predict(x)).map(({ label }) => label === 'unknown');
    const share = (refused: boolean[]) => refused.filter(Boolean).length / refused.length;
    expect(share(await answers(squares(100, 2)))).toBeLessThan(0.12);
    const noise = new Float32Array(64 * 50).map(createRng(5).uniform);
    expect(share(await answers(tf.tensor4d(noise, [50, 8, 8, 1])))).toBeGreaterThan(0.95);
    expect(await answers(tf.fill([1, 8, 8, 1], 0.5))).toEqual([true]);
    const [bright] = await guard.predict(tf.tidy(() => tf.mul(squares(1, 2), 255)));
    expect(bright!.reason).toContain('the preprocessing looks wrong');
  });

  test('chooses the score with the largest mean area over all ways to destroy, and tries both layers', async () => {
    const { tried, detector } = await fitUnknown(network(), squares(60, 1), {
      kinds: ['knn', 'vim', 'energy'],
      seed: 1,
    });
    expect(new Set(tried.map(({ kind, layer }) => `${kind} ${layer}`))).toEqual(
      new Set(['knn hidden', 'knn flat', 'vim hidden', 'energy undefined']),
    );
    for (const { auroc, mean } of tried) {
      expect(Object.keys(auroc)).toHaveLength(5);
      expect(mean).toBeCloseTo(Object.values(auroc).reduce((a, b) => a + b) / 5, 12);
    }
    expect(tried.map(({ mean }) => mean)).toEqual(tried.map(({ mean }) => mean).sort((a, b) => b - a));
    expect([detector.kind, detector.layer]).toEqual([tried[0]!.kind, tried[0]!.layer]);
  });

  test('learns from all images, and scores each by a detector that has not seen it', async () => {
    const model = network();
    const x = squares(40, 1);
    const { detector, heldOut, save } = await fitUnknown(model, x, { kinds: ['knn'], seed: 1 });
    const all = await fitDetector('knn', model, x, { layer: detector.layer! });
    const own = await detector.score(x);
    expect(Array.from(own)).toEqual(Array.from(await all.score(x)));
    expect(Array.from(heldOut.places).sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    // Its own direction is one of the five nearest only for a detector that has seen it.
    for (const [i, place] of heldOut.places.entries()) expect(heldOut.scores[i]!).toBeLessThan(own[place]!);
    expect(save().threshold).toEqual(chooseThreshold(heldOut.scores));
  });

  test('is the same for the same seed, and comes back from JSON', async () => {
    const model = network();
    const net = classifier(model, { labels: ['left', 'right'] });
    const x = squares(40, 1);
    const saved: SavedUnknown[] = [];
    for (const seed of [1, 1]) saved.push((await fitUnknown(net, x, { seed })).save());
    expect(saved[0]).toEqual(saved[1]);
    const guard = await fitUnknown(net, x, { seed: 1 });
    const restored = await restoreUnknown(model, JSON.parse(JSON.stringify(guard.save())));
    const [expected, found] = [await guard.predict(squares(9, 2)), await restored.predict(squares(9, 2))];
    expect(found.map(({ label }) => label)).toEqual(expected.map(({ label }) => label));
    for (const [i, { score }] of found.entries()) expect(score).toBeCloseTo(expected[i]!.score, 5);
  });

  test('of a function takes scores of the logits alone', async () => {
    const model = (x: tf.Tensor) => tf.mul(x, tf.tensor1d([3, -3])) as tf.Tensor2D;
    const { tried } = await fitUnknown(
      model,
      tf.tidy(() => tf.reshape(tf.linspace(0, 1, 40), [20, 2])),
      { seed: 1 },
    );
    expect(new Set(tried.map(({ kind }) => kind))).toEqual(new Set(['energy', 'max-softmax']));
  });

  test('says of a score why it could not be fitted', async () => {
    const x = tf.tidy(() => tf.tile(squares(1, 1), [12, 1, 1, 1]));
    const { tried } = await fitUnknown(network(), x, { kinds: ['mahalanobis', 'knn'], seed: 1 });
    expect(tried.filter(({ failed }) => failed?.includes('features that are the same'))).toHaveLength(2);
    expect(tried[0]!.kind).toBe('knn');
  });

  test('refuses too few images, unknown kinds and kinds that cannot be fitted', async () => {
    const model = network();
    const [few, x] = [squares(9, 1), squares(12, 1)];
    const fn = 'fitUnknown';
    await expectRefusal(() => fitUnknown(model, few), { code: 'EMPTY_INPUT', fn, argument: 'x' });
    await expectRefusal(() => fitUnknown(model, x, { kinds: ['knm' as 'knn'] }), {
      code: 'INVALID_OPTION',
      fn,
      argument: 'kinds',
    });
    await expectRefusal(() => fitUnknown(model, x, { kinds: [] }), {
      code: 'UNSUPPORTED_MODEL',
      fn,
      argument: 'model',
    });
    await expectRefusal(() => fitUnknown(model, x, { signal: AbortSignal.abort() }), {
      code: 'ABORTED',
      fn,
      argument: 'signal',
    });
  });
});

describe('images that are destroyed', () => {
  const rng = createRng(1);
  const images = {
    values: new Float32Array(3 * 10 * 9 * 2).map(() => rng.uniform()),
    count: 3,
    inputShape: [10, 9, 2],
  };
  const ways = waysToDestroy(images.inputShape, true);
  const pixelsOf = (values: Float32Array, i: number) =>
    Array.from({ length: 90 }, (_, p) => values.slice(180 * i + 2 * p, 180 * i + 2 * p + 2).join());

  test.each(['patches shuffled', 'pixels shuffled'])('have the same pixels in another order: %s', (name) => {
    const made = ways[name]!(images, [0, 1, 2], createRng(2));
    expect(made).not.toEqual(images.values);
    for (let i = 0; i < 3; i++) expect(pixelsOf(made, i).sort()).toEqual(pixelsOf(images.values, i).sort());
  });

  test('have blocks of no more than 16 of their colours', () => {
    const made = ways['blocks of colour']!(images, [0, 1, 2], createRng(2));
    for (let i = 0; i < 3; i++) {
      const colours = new Set(pixelsOf(made, i));
      expect(colours.size).toBeLessThanOrEqual(16);
      for (const colour of colours) expect(pixelsOf(images.values, i)).toContain(colour);
    }
  });

  test('keep slopes where they are blurred, but in the outermost cells', () => {
    const ramp = new Float32Array(24 * 24).map((_, i) => (i % 24) / 24);
    const made = ways.blurred!({ values: ramp, count: 1, inputShape: [24, 24] }, [0], createRng(2));
    for (let x = 2; x < 22; x++) expect(made[24 * 12 + x]).toBeCloseTo(ramp[x]!, 6);
  });

  test('are the mean of two of different classes', () => {
    const made = ways['two classes mixed']!(images, [0, 1, 1], createRng(2));
    const mean = (i: number, j: number) =>
      Float32Array.from({ length: 180 }, (_, p) => (images.values[180 * i + p]! + images.values[180 * j + p]!) / 2);
    expect(made.slice(180, 360)).toEqual(mean(1, 0));
    expect(made.slice(360)).toEqual(mean(2, 0));
  });

  test('of vectors have each feature of some example', () => {
    const values = Float32Array.of(1, 2, 3, 4, 5, 6);
    const made = waysToDestroy([2], true)['features shuffled']!(
      { values, count: 3, inputShape: [2] },
      [],
      createRng(1),
    );
    for (const [i, value] of made.entries()) expect([1, 3, 5].map((v) => v + (i % 2))).toContain(value);
  });
});
