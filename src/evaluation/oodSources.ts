import * as tf from '@tensorflow/tfjs-core';
import type { Objective } from '../attacks/types';
import type { Classifier } from '../classifier/types';
import { refuse, type Where } from '../core/check';
import { checkBatch, checkInBounds } from '../core/checkTensor';
import { createRng, type Rng } from '../core/rng';
import { lossesOf } from '../losses/headLosses';
import type { NoiseSampler } from '../noise/noiseSampler';
import {
  ADVERSARIAL_NOISE,
  ADVERSARIAL_SAMPLES,
  IN_DISTRIBUTION,
  type ResolvedAttack,
  type ResolvedOptions,
} from './oodOptions';
import type { OodRowKind } from './oodReport';
import type { Runner } from './runner';

const fn = 'evaluateOod';

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
  /** True classes, of images that have such. */
  readonly labels?: Int32Array;
  /** Bytes for what the model computes; see `OodOptions`. */
  readonly memory: number | undefined;
  /** Makes the images `start`, ..., `start + size - 1`; the caller owns them. */
  readonly make: (start: number, size: number, onStep: () => void) => Made | Promise<Made>;
}

/** Images, and of an attack how many of them had no gradient to follow, where it tells. */
export interface Made {
  readonly images: tf.Tensor;
  readonly blindImages?: number | undefined;
}

/** All rows, in the order of the report. Each has random numbers of its own, so leaving one out changes no other. */
export function oodSources(
  runner: Runner,
  net: Classifier,
  x: tf.Tensor,
  labels: Int32Array | undefined,
  { batchSize, attackBatchSize, noiseSamples, memory, ...options }: ResolvedOptions,
): OodSource[] {
  const root = createRng(options.seed);
  const stored = (name: string, kind: OodRowKind, images: tf.Tensor, truth?: Int32Array): OodSource => ({
    name,
    kind,
    samples: images.shape[0]!,
    batchSize,
    gradients: 0,
    memory,
    ...(truth && { labels: truth }),
    make: (start, size) => ({ images: tf.slice(images, start, size) }),
  });
  const sources: OodSource[] = [stored(IN_DISTRIBUTION, 'in', x, labels)];
  for (const [name, images] of options.out) sources.push(stored(name, 'out', images));
  for (const { name, argument, sampler } of options.noise) {
    const draw = noiseDraw(argument, sampler, net, x, noiseSamples, root.fork(`noise ${name}`));
    const make: OodSource['make'] = (start, size) => ({ images: tf.tidy(() => draw(start, size)) });
    sources.push({
      name,
      kind: 'noise',
      samples: noiseSamples,
      batchSize: attackBatchSize,
      gradients: 0,
      memory,
      make,
    });
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
      memory,
      make: (start, size, onStep) => {
        const run = { rng: attackRng.fork(start), memory, onStep };
        const images = tf.tidy(() => draw(start, size));
        return attackBatch(runner, 'adversarialNoise', adversarialNoise, net, images, run);
      },
    });
  }
  if (options.adversarialSamples !== undefined && labels !== undefined) {
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
      memory,
      labels: attacked,
      make: async (start, size, onStep) => {
        const truth = tf.tensor1d(attacked.subarray(start, start + size), 'int32');
        try {
          const objective = lossesOf(net).inLossTo(truth, net.classes);
          const run = { objective, rng: attackRng.fork(start), memory, onStep };
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

/** What changes from batch to batch. */
interface AttackRun {
  /** What is maximised; by default the attack's own objective. */
  readonly objective?: Objective;
  readonly rng: Rng;
  readonly memory: number | undefined;
  readonly onStep: () => void;
}

/** Attacks one batch and disposes of the images that it was given. `argument` names the attack's option. */
async function attackBatch(
  runner: Runner,
  argument: string,
  { attack, epsilon, stepSize, steps, restarts }: ResolvedAttack,
  net: Classifier,
  images: tf.Tensor,
  { memory, ...run }: AttackRun,
): Promise<Made> {
  const given = { ...(stepSize !== undefined && { stepSize }), ...(memory !== undefined && { memory }) };
  const options = { epsilon, ...given, steps, restarts, bounds: net.bounds, ...run };
  const count = images.shape[0]!;
  try {
    const { adversarial, blindImages } = await runner.attack(attack, net, images, options);
    try {
      checkMade({ fn, argument: `${argument}.attack` }, adversarial, net, count);
    } catch (error) {
      tf.dispose(adversarial);
      throw error;
    }
    return { images: adversarial, blindImages };
  } finally {
    tf.dispose(images);
  }
}

/** Makes the noise images `start`, ..., `start + size - 1`; runs in a tidy. */
type NoiseDraw = (start: number, size: number) => tf.Tensor;

/** Noise made from the in-distribution images `x`, checked as it comes; `argument` names the sampler's option. */
export function noiseDraw(
  argument: string,
  sampler: NoiseSampler,
  net: Classifier,
  x: tf.Tensor,
  samples: number,
  rng: Rng,
): NoiseDraw {
  const rows = drawRows(rng.fork('images'), samples, x.shape[0]!);
  const values = rng.fork('values');
  return (start, size) => {
    const noise = sampler(tf.gather(x, rows.subarray(start, start + size)), values.fork(start));
    checkMade({ fn, argument }, noise, net, Math.min(size, samples - start));
    return noise;
  };
}

/** Indices of `count` of `available` images in random order; none comes again before all have come. */
function drawRows(rng: Rng, count: number, available: number): Int32Array {
  const rows = new Int32Array(count);
  for (let start = 0; start < count; start += available)
    rows.set(rng.permutation(available).subarray(0, count - start), start);
  return rows;
}

/** A batch of images that the classifier takes: float32, of its input shape, inside its bounds. */
export function checkImageSet(where: Where, images: tf.Tensor, net: Classifier): void {
  checkBatch(where, images, net.inputShape);
  if (images.dtype !== 'float32')
    refuse(where, 'INVALID_ARGUMENT', 'a float32 tensor', images.dtype, "Convert it with tf.cast(x, 'float32').");
  checkInBounds(where, images, net.bounds);
}

/** The same for images that a caller's function made, of which there must be one for each that it was given. */
function checkMade(where: Where, images: tf.Tensor, net: Classifier, count: number): void {
  checkImageSet(where, images, net);
  if (images.shape[0] !== count)
    refuse(
      where,
      'INVALID_SHAPE',
      `a function that returns as many images as it is given (${count})`,
      `a result of shape [${images.shape.join(', ')}]`,
      'Return a batch of the shape that came in.',
    );
}
