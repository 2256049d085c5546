import * as tf from '@tensorflow/tfjs-core';
import type { Classifier } from '../classifier/types';
import { createRng } from '../core/rng';
import { lossesOf } from '../losses/headLosses';
import { attackBatch } from './attackBatch';
import { drawRows } from './drawRows';
import { noiseDraw } from './noiseDraw';
import type { OodRowKind } from './oodReport';
import type { ResolvedOptions } from './resolveOptions';
import { ADVERSARIAL_NOISE, ADVERSARIAL_SAMPLES, IN_DISTRIBUTION } from './rowNames';
import type { Runner } from './runner';

/** A row of the report before it is measured: where its images come from. */
export interface OodSource {
  readonly name: string;
  readonly kind: OodRowKind;
  /** Images in all. */
  readonly samples: number;
  /** Images made at a time. */
  readonly batchSize: number;
  /** Gradients taken for each image. */
  readonly gradients: number;
  /** True classes where they decide which images count: adversarial samples. */
  readonly labels?: Int32Array;
  /** Makes the images `start`, ..., `start + size - 1`; the caller owns them. */
  readonly make: (start: number, size: number, onStep: () => void) => tf.Tensor | Promise<tf.Tensor>;
}

/** All rows, in the order of the report. Each has random numbers of its own, so leaving one out changes no other. */
export function oodSources(
  runner: Runner,
  net: Classifier,
  x: tf.Tensor,
  labels: Int32Array,
  { batchSize, attackBatchSize, noiseSamples, ...options }: ResolvedOptions,
): OodSource[] {
  const root = createRng(options.seed);
  const stored = (name: string, kind: OodRowKind, images: tf.Tensor): OodSource => ({
    name,
    kind,
    samples: images.shape[0]!,
    batchSize,
    gradients: 0,
    make: (start, size) => tf.slice(images, start, size),
  });
  const sources: OodSource[] = [stored(IN_DISTRIBUTION, 'in', x)];
  for (const [name, images] of options.out) sources.push(stored(name, 'out', images));
  for (const { name, argument, sampler } of options.noise) {
    const draw = noiseDraw(argument, sampler, net, x, noiseSamples, root.fork(`noise ${name}`));
    const make: OodSource['make'] = (start, size) => tf.tidy(() => draw(start, size));
    sources.push({ name, kind: 'noise', samples: noiseSamples, batchSize: attackBatchSize, gradients: 0, make });
  }
  if (options.adversarialNoise !== undefined) {
    const { adversarialNoise } = options;
    const { samples, steps, restarts } = adversarialNoise;
    const rng = root.fork(ADVERSARIAL_NOISE);
    const draw = noiseDraw('adversarialNoise.start', adversarialNoise.start, net, x, samples, rng);
    const attackRng = rng.fork('attack');
    sources.push({
      name: ADVERSARIAL_NOISE,
      kind: 'adversarialNoise',
      samples,
      batchSize: attackBatchSize,
      gradients: steps * restarts,
      make: (start, size, onStep) => {
        const run = { rng: attackRng.fork(start), onStep };
        const images = tf.tidy(() => draw(start, size));
        return attackBatch(runner, 'adversarialNoise', adversarialNoise, net, images, run);
      },
    });
  }
  if (options.adversarialSamples !== undefined) {
    const { adversarialSamples } = options;
    const { samples, steps, restarts } = adversarialSamples;
    const rng = root.fork(ADVERSARIAL_SAMPLES);
    const rows = drawRows(rng.fork('images'), samples, x.shape[0]!).sort();
    const attackRng = rng.fork('attack');
    const attacked = rows.map((row) => labels[row]!);
    sources.push({
      name: ADVERSARIAL_SAMPLES,
      kind: 'adversarialSamples',
      samples,
      batchSize: attackBatchSize,
      gradients: steps * restarts,
      labels: attacked,
      make: async (start, size, onStep) => {
        const truth = tf.tensor1d(attacked.subarray(start, start + size), 'int32');
        try {
          const run = { objective: lossesOf(net).inLossTo(truth, net.classes), rng: attackRng.fork(start), onStep };
          const images = tf.tidy(() => tf.gather(x, rows.subarray(start, start + size)));
          return await attackBatch(runner, 'adversarialSamples', adversarialSamples, net, images, run);
        } finally {
          tf.dispose(truth);
        }
      },
    });
  }
  return sources;
}
