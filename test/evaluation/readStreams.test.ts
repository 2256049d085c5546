import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { evaluateOod } from '../../src/evaluation';
import { mlp } from '../../src/models';
import { uniformNoise } from '../../src/noise';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';

await tf.setBackend('cpu');

const model = mlp({ inputShape: [3], hidden: [16], classes: 4, seed: 1 });
const others = uniformNoise([1300, 3], { seed: 2 });
const images = uniformNoise([1200, 3], { seed: 1 });
const labels = tf.tidy(() => tf.argMax(tf.slice(images, 0, 1200), 1));
const settings = {
  adversarialSamples: { steps: 1 },
  noiseSamples: 50,
  adversarialNoise: { samples: 10, steps: 3 },
  keepScores: true,
  seed: 3,
};

/** The first `count` rows in batches of a size, with their labels or without. */
async function* batches(x: tf.Tensor, size: number, count = x.shape[0]!) {
  for (let start = 0; start < count; start += size) yield tf.slice(x, start, Math.min(size, count - start));
}

async function* labelled(size: number, count = 1200) {
  for (let start = 0; start < count; start += size) {
    const length = Math.min(size, count - start);
    yield { xs: tf.slice(images, start, length), ys: tf.slice(labels, start, length) };
  }
}

/** A tf.data Dataset, as far as it is used. */
function dataset<T>(source: AsyncGenerator<T>) {
  return { iterator: async () => ({ next: () => source.next() }) };
}

describe('evaluateOod of streams', () => {
  it('reports what it reports of the same images in memory, where all of them are kept', async () => {
    const few = { x: tf.slice(images, 0, 60), y: tf.slice(labels, 0, 60) };
    const out = { other: tf.slice(others, 0, 40) };
    const detectors = {
      first: { score: async (x: tf.Tensor) => (await tf.slice(x, [0, 0], [-1, 1]).data()) as Float32Array },
    };
    const more = { ...settings, adversarialSamples: { samples: 10, steps: 3 }, attackedOut: { samples: 9, steps: 3 } };
    const stored = await evaluateOod(model, { in: few, out, ...more, detectors });
    const streams = { in: labelled(7, 60), out: { other: dataset(batches(others, 9, 40)) } };
    expect(await evaluateOod(model, { ...streams, ...more, detectors })).toEqual(stored);
  });

  it('scores every image, keeps 1000 of them for attacks and noise, and does not depend on the size of batches', async () => {
    const report = (size: number) =>
      expectNoLeak(() =>
        evaluateOod(model, {
          in: labelled(size),
          out: { other: batches(others, size + 5) },
          attackedOut: { samples: 20, steps: 2 },
          ...settings,
        }),
      );
    const found = await report(100);
    expect(await report(333)).toEqual(found);
    const stored = await evaluateOod(model, { in: { x: images, y: labels }, out: { other: others }, ...settings });
    const [inside, other] = [0, 1].map((row) => [found.rows[row]!, stored.rows[row]!]);
    expect(inside![0]).toEqual(inside![1]);
    const { samples, meanMaxConfidence, auroc, fprAt95, scores } = other![1]!;
    expect(other![0]).toMatchObject({ samples, meanMaxConfidence, auroc, fprAt95, scores });
    expect(found.testError).toBe(stored.testError);
    expect(found.rows.at(-1)).toMatchObject({ kind: 'adversarialSamples', status: 'measured' });
    expect(found.rows.at(-1)!.samples + found.rows.at(-1)!.resisted).toBe(1000);
  });

  it('keeps each image with the same chance, whenever it comes', async () => {
    // Ones after the first thousand, of which a sixth is to be expected among those that are kept.
    const late = tf.tidy(() => tf.concat([tf.zeros([1000, 3]), tf.ones([200, 3])]));
    let ones = 0;
    const noise = (kept: tf.Tensor) => {
      if (kept.shape[0]! > 1) ones += tf.tidy(() => tf.sum(tf.slice(kept, [0, 0], [-1, 1])).arraySync() as number);
      return tf.clone(kept);
    };
    async function* stream() {
      for await (const x of batches(late, 50)) yield { x, y: tf.zeros([50]) };
    }
    await evaluateOod(model, { in: stream(), noise, adversarialNoise: false, adversarialSamples: false });
    // Four standard deviations of a hypergeometric count.
    expect(Math.abs(ones - 1000 / 6)).toBeLessThan(4 * 4.82);
    late.dispose();
  });

  it('refuses options before it asks for a second batch, and batches that are none', async () => {
    let asked = 0;
    async function* counted() {
      for await (const batch of labelled(10, 50)) {
        asked++;
        yield batch;
      }
    }
    const refused = { code: 'INVALID_OPTION', fn: 'evaluateOod', argument: 'attackedOut.steps' } as const;
    await expectNoLeak(() =>
      expectRefusal(() => evaluateOod(model, { in: counted(), attackedOut: { steps: 0 } }), refused),
    );
    expect(asked).toBe(1);
    const wrong = { code: 'INVALID_SHAPE', fn: 'evaluateOod', argument: 'out.flat' } as const;
    const flat = batches(tf.zeros([20, 2]), 5);
    await expectRefusal(() => evaluateOod(model, { in: labelled(10, 50), out: { flat } }), wrong);
    const none = { code: 'EMPTY_INPUT', fn: 'evaluateOod', argument: 'out.empty' } as const;
    await expectNoLeak(() =>
      expectRefusal(() => evaluateOod(model, { in: labelled(10, 50), out: { empty: batches(others, 5, 0) } }), none),
    );
    const short = { code: 'INVALID_ARGUMENT', fn: 'evaluateOod', argument: 'detectors' } as const;
    // Without rows of noise, whose scores would be refused later.
    const alone = { noise: false, adversarialNoise: false, adversarialSamples: false } as const;
    const detectors = { short: { score: () => [1] } };
    await expectNoLeak(() =>
      expectRefusal(() => evaluateOod(model, { in: labelled(10, 50), ...alone, detectors }), short),
    );
    const unlabelled = { code: 'INVALID_ARGUMENT', fn: 'evaluateOod', argument: 'in' } as const;
    const plain = batches(images, 10, 50) as AsyncGenerator<never>;
    await expectNoLeak(() => expectRefusal(() => evaluateOod(model, { in: plain }), unlabelled));
  });

  it('hears a signal between two batches, and tells how many images it has read', async () => {
    const controller = new AbortController();
    const told: [string, number][] = [];
    const onProgress = ({ label, done }: { label: string; done: number }) => {
      told.push([label, done]);
      if (done === 300) controller.abort();
    };
    const aborted = { code: 'ABORTED', fn: 'evaluateOod', argument: 'signal' } as const;
    await expectNoLeak(() =>
      expectRefusal(
        () => evaluateOod(model, { in: labelled(100), ...settings, onProgress, signal: controller.signal }),
        aborted,
      ),
    );
    expect(told).toEqual([100, 200, 300].map((done) => ['in-distribution', done]));
  });
});
