import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import {
  type Batches,
  confidences,
  createRng,
  type DataLike,
  type DatasetLike,
  type FitOptions,
  fit,
  logOdds,
  predictions,
  uniformNoise,
} from '../../src/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { onBackend } from '../support/onBackend';
import { tinyBatch, tinyMlp, weightsOf } from '../support/smallModels';

/** An async iterable that begins anew each time. */
function again<T>(make: () => Iterable<T>): AsyncIterable<T> {
  return {
    async *[Symbol.asyncIterator]() {
      yield* make();
    },
  };
}

/** What a tf.data Dataset is to a reader. */
function dataset(make: () => Iterable<unknown>): DatasetLike {
  return {
    iterator: async () => {
      const values = make()[Symbol.iterator]();
      return { next: async () => values.next() };
    },
  };
}

/** Slices of a tensor, of uneven sizes. */
function* slices(x: tf.Tensor, sizes: readonly number[]) {
  let start = 0;
  for (const size of sizes) {
    yield tf.slice(x, start, size);
    start += size;
  }
}

describe.each(['cpu', 'wasm'] as const)('a stream, on %s', (backend) => {
  test.each(Object.entries({ confidences, logOdds, predictions }))(
    '%s is the same as of one tensor, of tensors and of labelled batches, and its batches are disposed',
    async (_, read) => {
      await onBackend(backend, async () => {
        const model = tinyMlp();
        const x = uniformNoise([17, 2], { seed: 1 });
        const expected = await read(model, x);
        const sizes = [4, 1, 9, 3];
        const labelled = (names: 'xs' | 'x') =>
          function* (): Generator<DataLike> {
            for (const part of slices(x, sizes)) {
              const labels = tf.zeros([part.shape[0]!]);
              yield names === 'xs' ? { xs: part, ys: labels } : { x: part, y: labels };
            }
          };
        for (const stream of [
          again(() => slices(x, sizes)),
          dataset(() => slices(x, sizes)),
          again(labelled('x')),
          dataset(labelled('xs')),
        ])
          await expectNoLeak(async () => expect(await read(model, stream as Batches<tf.Tensor>)).toEqual(expected));
        const done: number[] = [];
        await read(
          model,
          again(() => slices(x, sizes)),
          { batchSize: 2, onProgress: (at) => done.push(at.done) },
        );
        expect(done).toEqual([4, 5, 14, 17]);
        x.dispose();
        model.dispose();
      });
    },
  );

  const options: FitOptions = { method: 'ceda', epochs: 3, seed: 5 };

  /** The batches that fit takes of data in memory, epoch after epoch. */
  function shuffled(data: ReturnType<typeof tinyBatch>): AsyncIterable<DataLike> {
    let epoch = 0;
    return again(function* (): Generator<DataLike> {
      const order = createRng(5).fork('order').fork(epoch++).permutation(20);
      for (let start = 0; start + 6 <= 20; start += 6) {
        const rows = tf.tensor1d(order.subarray(start, start + 6), 'int32');
        const picked = { xs: tf.gather(data.x, rows), ys: tf.gather(data.y, rows) };
        rows.dispose();
        yield picked;
      }
    });
  }

  test('fit on the batches that it would take of data in memory gives the same weights and history', async () => {
    await onBackend(backend, async () => {
      const data = tinyBatch(20);
      const [one, other] = [tinyMlp(), tinyMlp()];
      const expected = await fit(one, data, { ...options, batchSize: 6 });
      const got = await expectNoLeak(() => fit(other, shuffled(data), { ...options, stepsPerEpoch: 3 }));
      expect(got).toEqual(expected);
      expect(await weightsOf(other)).toEqual(await weightsOf(one));
    });
  });
});

describe('a stream', () => {
  const where = (fn: string, argument: string) => ({ fn, argument });
  const batch = (): DataLike => ({ x: tf.fill([2, 2], 0.5), y: tf.zeros([2]) });
  const stream = again(function* (): Generator<DataLike> {
    for (let i = 0; i < 3; i++) yield batch();
  });

  test('that yields nothing, ends early or is a generator that is used up is refused in words', async () => {
    const model = tinyMlp();
    const nothing = again<DataLike>(() => []);
    await expectRefusal(() => confidences(model, nothing), { code: 'EMPTY_INPUT', ...where('confidences', 'x') });
    const short: FitOptions = { method: 'plain', epochs: 2, stepsPerEpoch: 4 };
    await expectRefusal(() => fit(model, stream, short), { code: 'EMPTY_INPUT', ...where('fit', 'data') });
    await expect(fit(model, stream, short)).rejects.toThrow('one that ended after 3, in epoch 1');
    const once = (async function* () {
      for (let i = 0; i < 3; i++) yield batch();
    })();
    await expectRefusal(() => fit(model, once, { ...short, stepsPerEpoch: 3 }), {
      code: 'EMPTY_INPUT',
      ...where('fit', 'data'),
    });
  });

  test('with a batch of another shape, or outside the bounds, is refused at that batch and leaves nothing behind', async () => {
    const model = tinyMlp();
    const bad = (x: () => tf.Tensor) =>
      again(function* (): Generator<DataLike> {
        yield batch();
        yield { x: x(), y: tf.zeros([2]) };
      });
    const two: FitOptions = { method: 'plain', epochs: 1, stepsPerEpoch: 2 };
    const shape = bad(() => tf.zeros([2, 3]));
    await expectRefusal(() => fit(model, shape, two), { code: 'INVALID_SHAPE', ...where('fit', 'x') });
    await expectRefusal(() => logOdds(model, shape), { code: 'INVALID_SHAPE', ...where('logOdds', 'x') });
    await expectRefusal(
      () =>
        fit(
          model,
          bad(() => tf.fill([2, 2], 9)),
          two,
        ),
      {
        code: 'OUT_OF_BOUNDS',
        ...where('fit', 'x'),
      },
    );
  });

  test('whose batches are something else is refused, and leaves nothing behind', async () => {
    const model = tinyMlp();
    const one: FitOptions = { method: 'plain', epochs: 1, stepsPerEpoch: 1 };
    const bare = dataset(() => [tf.zeros([2, 2])]);
    await expectRefusal(() => fit(model, bare, one), { code: 'INVALID_ARGUMENT', ...where('fit', 'data') });
    const text = dataset(() => ['a']);
    await expectRefusal(() => fit(model, text, one), { code: 'INVALID_ARGUMENT', ...where('fit', 'data') });
    await expectRefusal(() => logOdds(model, text), { code: 'INVALID_ARGUMENT', ...where('logOdds', 'x') });
  });

  test('needs stepsPerEpoch, has batches of its own, and no bare function', async () => {
    const model = tinyMlp();
    await expectRefusal(() => fit(model, stream), { code: 'INVALID_ARGUMENT', ...where('fit', 'stepsPerEpoch') });
    await expectRefusal(() => fit(model, stream, { batchSize: 2, stepsPerEpoch: 1 }), {
      code: 'INVALID_OPTION',
      ...where('fit', 'batchSize'),
    });
    await expectRefusal(() => fit((x) => x as tf.Tensor2D, stream, { stepsPerEpoch: 1 }), {
      code: 'INVALID_ARGUMENT',
      ...where('fit', 'model'),
    });
  });

  test('is told to end when the training fails or is stopped between steps', async () => {
    const model = tinyMlp();
    let ended = 0;
    const counted = {
      async *[Symbol.asyncIterator](): AsyncGenerator<DataLike, void, undefined> {
        try {
          while (true) yield batch();
        } finally {
          ended++;
        }
      },
    };
    const settings: FitOptions = { method: 'plain', epochs: 1, stepsPerEpoch: 9 };
    const controller = new AbortController();
    const onStep = () => controller.abort();
    await expectRefusal(() => fit(model, counted, { ...settings, signal: controller.signal, onStep }), {
      code: 'ABORTED',
      ...where('fit', 'signal'),
    });
    const augmentation = (x: tf.Tensor) => tf.add(x, 9);
    await expectRefusal(() => fit(model, counted, { ...settings, augmentation }), {
      code: 'OUT_OF_BOUNDS',
      ...where('fit', 'augmentation'),
    });
    expect(ended).toBe(2);
  });

  test('that hangs is left at once when the signal says so, and what comes late is disposed', async () => {
    const model = tinyMlp();
    for (const work of [
      (hangs: Batches<DataLike>, signal: AbortSignal) => predictions(model, hangs, { signal }),
      (hangs: Batches<DataLike>, signal: AbortSignal) =>
        fit(model, hangs, { method: 'plain', epochs: 1, stepsPerEpoch: 9, signal }),
    ]) {
      const before = tf.memory().numTensors;
      const controller = new AbortController();
      let release = () => {};
      const late = new Promise<void>((resolve) => {
        release = resolve;
      });
      const hangs = {
        async *[Symbol.asyncIterator]() {
          yield batch();
          controller.abort();
          await late;
          yield batch();
        },
      };
      await expect(work(hangs, controller.signal)).rejects.toMatchObject({ code: 'ABORTED' });
      release();
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(tf.memory().numTensors).toBe(before);
    }
  });

  test('goes on from a checkpoint inside an epoch to the weights of a training that was never stopped', async () => {
    const rows = tinyBatch(8);
    const data = again(function* (): Generator<DataLike> {
      for (let i = 0; i < 4; i++) yield { x: tf.slice(rows.x, 2 * i, 2), y: tf.slice(rows.y, 2 * i, 2) };
    });
    const settings: FitOptions = { method: 'plain', epochs: 2, stepsPerEpoch: 4, seed: 2 };
    const [whole, parts] = [tinyMlp(), tinyMlp()];
    await fit(whole, data, settings);
    let kept: Uint8Array | undefined;
    const checkpoint = {
      read: async () => kept,
      write: async (bytes: Uint8Array) => {
        kept = bytes;
      },
    };
    const controller = new AbortController();
    const onStep = ({ done }: { done: number }) => {
      if (done === 6) controller.abort();
    };
    const stopped = { ...settings, checkpoint, checkpointEvery: 1, signal: controller.signal, onStep };
    await expect(fit(parts, data, stopped)).rejects.toMatchObject({ code: 'ABORTED' });
    await fit(parts, data, { ...settings, checkpoint });
    expect(await weightsOf(parts)).toEqual(await weightsOf(whole));
    tf.dispose([rows.x, rows.y]);
  });
});
