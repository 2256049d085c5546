import * as tf from '@tensorflow/tfjs-core';
import type { Divided } from '../../classifier/divide';
import { factsOf } from '../../classifier/factsOf';
import { imagesWithin } from '../../classifier/imagesWithin';
import type { Classifier, LabelledData } from '../../classifier/types';
import { refuse } from '../../core/check';
import { nextTask, throwIfAborted } from '../../core/pausing';
import type { Rng } from '../../core/rng';
import { attackSettings } from '../acetStep';
import { drawNoise } from '../cedaStep';
import type { FineTuneTask } from './checkFineTune';

const fn = 'fineTune';

/** Where the examples of an update come from. */
export interface Source {
  /** What learns from them: the model as it runs in use, or the end of it. */
  readonly learner: Classifier;
  /** Labelled examples, and noise that is no more, as the learner takes them; called within `tf.tidy`. */
  readonly batch: (update: number) => { readonly clean: LabelledData; readonly noise: tf.Tensor };
  /** What must be kept to go on later. */
  readonly memory: readonly tf.Variable[];
  readonly dispose: () => void;
}

/** Images, and noise that is drawn and attacked anew for each update. */
export function imageSource(task: FineTuneTask, rows: Int32Array, rng: Rng): Source {
  const { net, data, options } = task;
  const { batchSize, noiseSize } = options;
  const batch: Source['batch'] = (update) => {
    const stream = rng.fork('update').fork(update);
    const places = tf.tensor1d(batchRows(rows, batchSize, update, rng), 'int32');
    const clean = { x: tf.gather(data.x, places), y: tf.gather(data.y, places) };
    return { clean, noise: noiseFor(task, tf.slice(clean.x, 0, noiseSize), stream) };
  };
  return { learner: learner(task, (x) => net.logits(x), net.inputShape), batch, memory: [], dispose: () => {} };
}

/** Attacks in the course of a training of the end of a model, noise images attacked each time, and the most images of plain noise. */
const [ATTACKS, ATTACKED, PLAIN] = [10, 16, 1000];

/**
 * Features of images, all computed once, and of noise. Of attacks, which go through the whole model, every one is kept: the noise of
 * an update is half plain, half what any attack so far has found.
 */
export async function featureSource(task: FineTuneTask, divided: Divided, rows: Int32Array, rng: Rng): Promise<Source> {
  const { data, options } = task;
  const { method, batchSize, noiseSize, updates } = options;
  const imagesOf = (places: Int32Array) => tf.gather(data.x, tf.tensor1d(places, 'int32'));
  const clean = await featuresOf(task, divided, rows.length, (first, count) =>
    imagesOf(rows.subarray(first, first + count)),
  );
  const noisy = Math.min(rows.length, PLAIN);
  const noise = await featuresOf(task, divided, noisy, (first, count) =>
    plainNoise(task, imagesOf(rows.subarray(first, first + count)), rng.fork('noise').fork(first)),
  ).catch((error: unknown) => {
    clean.dispose();
    throw error;
  });
  const every = Math.max(1, Math.ceil(updates / ATTACKS));
  const rounds = method === 'acet' ? Math.ceil(updates / every) : 0;
  const found = tf.tidy(() => tf.variable(tf.zeros([Math.max(1, rounds * ATTACKED), ...divided.featureShape]), false));
  const places = Int32Array.from(rows, (_, i) => i);
  const attack = (round: number) =>
    tf.tidy(() => {
      const stream = rng.fork('attack').fork(round);
      const chosen = Int32Array.from({ length: ATTACKED }, () => rows[stream.integer(rows.length)]!);
      const features = runOnce(divided, noiseFor(task, imagesOf(chosen), stream));
      const [before, after] = [round * ATTACKED, (rounds - round - 1) * ATTACKED];
      const parts = [tf.slice(found, 0, before), features, tf.slice(found, before + ATTACKED, after)];
      found.assign(tf.concat(parts.filter(({ size }) => size > 0)));
    });
  const batch: Source['batch'] = (update) => {
    const round = Math.floor(update / every);
    if (rounds > 0 && update % every === 0) attack(round);
    const stream = rng.fork('update').fork(update);
    const picked = batchRows(places, batchSize, update, rng);
    const some = (from: tf.Tensor, count: number, of: number) =>
      tf.gather(
        from,
        tf.tensor1d(
          Int32Array.from({ length: count }, () => stream.integer(of)),
          'int32',
        ),
      );
    const convincing = rounds > 0 ? Math.floor(noiseSize / 2) : 0;
    const plain = some(noise, noiseSize - convincing, noisy);
    return {
      clean: {
        x: tf.gather(clean, tf.tensor1d(picked, 'int32')),
        y: tf.gather(
          data.y,
          tf.tensor1d(
            Int32Array.from(picked, (i) => rows[i]!),
            'int32',
          ),
        ),
      },
      noise: convincing === 0 ? plain : tf.concat([plain, some(found, convincing, (round + 1) * ATTACKED)]),
    };
  };
  return {
    learner: learner(task, divided.logits, divided.featureShape),
    batch,
    memory: [found],
    dispose: () => tf.dispose([clean, noise, found]),
  };
}

/** Images that go through the first part together, at the most. */
const MOST_AT_ONCE = 64;

/** Features of images that are made part by part, as many together as fit into memory. The caller owns them. */
export async function featuresOf(
  { net, options }: Pick<FineTuneTask, 'net' | 'options'>,
  divided: Divided,
  count: number,
  images: (first: number, count: number) => tf.Tensor,
): Promise<tf.Tensor> {
  const parts: tf.Tensor[] = [];
  try {
    const limit = tf.tidy(() => {
      const some = images(0, Math.min(MOST_AT_ONCE, count));
      const run = () => tf.dispose(tf.tidy(() => runOnce(divided, tf.slice(some, 0, 1))));
      return imagesWithin(net, { kind: 'features', images: some, run }, options.memory);
    });
    for (let first = 0; first < count; first += limit) {
      throwIfAborted(fn, options.signal);
      const size = Math.min(limit, count - first);
      parts.push(tf.tidy(() => runOnce(divided, images(first, size))));
      await nextTask();
    }
    return tf.concat(parts);
  } finally {
    tf.dispose(parts);
  }
}

function runOnce(divided: Divided, images: tf.Tensor): tf.Tensor {
  const trunk = divided.openFeatures();
  try {
    return trunk.run(images);
  } finally {
    trunk.close();
  }
}

/** Noise for some images, attacked where the method asks for it. */
function noiseFor(task: FineTuneTask, x: tf.Tensor, rng: Rng): tf.Tensor {
  const { method, attack, steps, memory } = task.options;
  const drawn = plainNoise(task, x, rng);
  if (method === 'ceda') return drawn;
  const settings = { ...attackSettings(task.options), steps, rng, ...(memory !== undefined && { memory }) };
  return attack(task.net, drawn, settings).adversarial;
}

function plainNoise({ net, options: { noise } }: FineTuneTask, x: tf.Tensor, rng: Rng): tf.Tensor {
  const drawn = drawNoise(fn, net, x, { rng, ...(noise && { noise }) });
  if (drawn.shape[0] === x.shape[0]) return drawn;
  return refuse(
    { fn, argument: 'noise' },
    'INVALID_SHAPE',
    `a function that returns as many images as it is given, ${x.shape[0]}`,
    String(drawn.shape[0]),
    'Draw one for each.',
  );
}

/** The next rows of orders of all rows, one after the other. */
function batchRows(rows: Int32Array, size: number, update: number, rng: Rng): Int32Array {
  const first = update * size;
  let [pass, order] = [-1, rows];
  return Int32Array.from({ length: size }, (_, i) => {
    const at = first + i;
    const now = Math.floor(at / rows.length);
    if (now !== pass) [pass, order] = [now, rng.fork('order').fork(now).permutation(rows.length)];
    return rows[order[at % rows.length]!]!;
  });
}

/** In inference mode, with the variables that learn. */
function learner(
  { net, variables }: FineTuneTask,
  logits: (x: tf.Tensor) => tf.Tensor2D,
  inputShape: readonly number[],
): Classifier {
  const learning = new Set<tf.Variable>(variables);
  const decayed = net.decayed.filter((variable) => learning.has(variable));
  return { ...factsOf(net), inputShape, variables, decayed, logits: (x) => logits(x) };
}
