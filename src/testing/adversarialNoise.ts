import * as tf from '@tensorflow/tfjs-core';
import { type AttackReach, reachInWords } from '../attacks/attackDefaults';
import { maxConfidenceAttack } from '../attacks/maxConfidenceAttack';
import type { Attack, AttackResult, AttackStep, PgdOptions } from '../attacks/types';
import { asClassifier } from '../classifier/asClassifier';
import { classifier } from '../classifier/classifier';
import type { Classifier, ModelLike } from '../classifier/types';
import { checkFraction, checkFunction, checkKeys, checkWhole, type KeysOf, refuse, show } from '../core/check';
import { checkBatch, checkInBounds } from '../core/checkTensor';
import { nextTask, throwIfAborted } from '../core/pausing';
import { type Progress, progressClock } from '../core/progress';
import { createRng } from '../core/rng';
import type { NoiseSampler } from '../noise/options';
import { paperNoise, samplerFor } from '../noise/paperNoise';
import { uniformNoise } from '../noise/uniformNoise';
import { type Judgement, judge } from './checkResult';

/** What a model must withstand. Settings of the attack that are left out are left to the attack. */
export interface AdversarialNoiseOptions
  extends Pick<PgdOptions, 'epsilon' | 'steps' | 'stepSize' | 'restarts' | 'signal'> {
  /** Highest mean of the confidences after the attack (MMC of the paper's Table 1) that is accepted, in [0, 1]. */
  readonly maxMmc: number;
  /**
   * Images of the task, `[N, ...inputShape]`, of which the paper's noise is made (half of it is their pixels permuted).
   * @defaultValue none: the noise is uniform
   */
  readonly images?: tf.Tensor;
  /** Shape of one input, without the batch axis. @defaultValue read from `images` or from the model; a function must give it */
  readonly shape?: readonly number[];
  /** Draws the noise from `images`. @defaultValue the paper's, see `paperNoise` */
  readonly noise?: NoiseSampler;
  /** Number of images attacked. @defaultValue 100, at most as many as there are `images` */
  readonly samples?: number;
  /** The attack. @defaultValue maxConfidenceAttack */
  readonly attack?: Attack;
  /** Names noise and attack: the same seed gives the same images. @defaultValue 0 */
  readonly seed?: string | number;
  /** Images attacked at a time; changes nothing about what is found. @defaultValue 100 */
  readonly batchSize?: number;
  /** Called after every step of the attack; work is counted in steps of one image. @defaultValue none */
  readonly onProgress?: (progress: Progress) => void;
}

/** An attack on noise that may begin. */
export interface AdversarialNoise {
  readonly fn: string;
  readonly net: Classifier;
  /** Those images that noise is made of. */
  readonly images: tf.Tensor | undefined;
  readonly samples: number;
  readonly attack: Attack;
  readonly seed: string | number;
  readonly batchSize: number;
  /** Settings of the attack that were given. */
  readonly settings: PgdOptions;
  readonly options: AdversarialNoiseOptions;
}

const KEYS: KeysOf<AdversarialNoiseOptions> = {
  maxMmc: true,
  images: true,
  shape: true,
  noise: true,
  samples: true,
  attack: true,
  seed: true,
  batchSize: true,
  onProgress: true,
  epsilon: true,
  steps: true,
  stepSize: true,
  restarts: true,
  signal: true,
};

/** Checks what can be checked before any work, and fills in the defaults. */
export function prepareAdversarialNoise(
  fn: string,
  model: ModelLike,
  options: AdversarialNoiseOptions,
): AdversarialNoise {
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  checkFraction({ fn, argument: 'maxMmc' }, options.maxMmc);
  const { images, noise, attack = maxConfidenceAttack, seed = 0, batchSize = 100, onProgress } = options;
  checkFunction({ fn, argument: 'attack' }, attack);
  checkWhole({ fn, argument: 'batchSize' }, batchSize);
  if (onProgress !== undefined) checkFunction({ fn, argument: 'onProgress' }, onProgress);
  if (noise !== undefined) checkFunction({ fn, argument: 'noise' }, noise);
  if (noise !== undefined && images === undefined)
    refuse({ fn, argument: 'images' }, 'INVALID_ARGUMENT', 'what `noise` is made of', show(images), 'Pass both.');
  const net = netOf(fn, model, options);
  if (images !== undefined) {
    checkBatch({ fn, argument: 'images' }, images, net.inputShape);
    checkInBounds({ fn, argument: 'images' }, images, net.bounds);
  }
  const available = images?.shape[0] ?? Number.POSITIVE_INFINITY;
  const { samples = Math.min(100, available) } = options;
  checkWhole({ fn, argument: 'samples' }, samples);
  if (samples > available)
    refuse(
      { fn, argument: 'samples' },
      'INVALID_OPTION',
      `at most the number of images (${available})`,
      show(samples),
      'Pass more images, or leave it out.',
    );
  return { fn, net, images, samples, attack, seed, batchSize, settings: settingsOf(options), options };
}

function netOf(fn: string, model: ModelLike, { images, shape }: AdversarialNoiseOptions): Classifier {
  if (images !== undefined) return asClassifier(fn, model, images);
  if (typeof model === 'function' && shape === undefined)
    refuse(
      { fn, argument: 'shape' },
      'INVALID_ARGUMENT',
      'the shape of one input (a function does not tell it)',
      show(shape),
      'Pass for example `shape: [28, 28, 1]`.',
    );
  return classifier(model, shape === undefined ? {} : { inputShape: shape });
}

/** Those settings of the attack that were given. */
function settingsOf({ epsilon, steps, stepSize, restarts }: AdversarialNoiseOptions): PgdOptions {
  return {
    ...(epsilon !== undefined && { epsilon }),
    ...(steps !== undefined && { steps }),
    ...(stepSize !== undefined && { stepSize }),
    ...(restarts !== undefined && { restarts }),
  };
}

/** What the model says to the noise before the attack and after it. */
interface AttackedNoise {
  readonly before: Judgement;
  readonly after: Judgement;
  readonly attack: AttackFacts;
}

/** What an attack tells of itself: how far it could get, and how often it saw nothing. */
export type AttackFacts = AttackReach & Pick<AttackResult, 'blindImages'>;

/** Draws the noise, attacks it batch by batch, and asks the model about it. */
export async function attackNoise(task: AdversarialNoise): Promise<AttackedNoise> {
  const { fn, net, samples, batchSize, options } = task;
  throwIfAborted(fn, options.signal);
  const noise = drawNoise(task);
  try {
    const before = await judge(fn, net, noise, { batchSize });
    const parts: Judgement[] = [];
    const facts: AttackFacts[] = [];
    const clock = options.onProgress && progressClock(samples);
    for (let first = 0; first < samples; first += batchSize) {
      const size = Math.min(batchSize, samples - first);
      const onStep = ({ step, steps, restart, restarts }: AttackStep) => {
        const share = ((restart - 1) * steps + step) / (steps * restarts);
        options.onProgress?.(clock!(first + size * share, 'adversarial noise'));
      };
      const { adversarial, objective, epsilon, steps, stepSize, reach, blindImages } = attackPart(task, noise, {
        first,
        size,
        onStep,
      });
      try {
        facts.push({ epsilon, steps, stepSize, reach, blindImages });
        parts.push(await judge(fn, net, adversarial, { batchSize }));
      } finally {
        tf.dispose([adversarial, objective]);
      }
      await nextTask();
      throwIfAborted(fn, options.signal);
    }
    const blind = facts.map(({ blindImages }) => blindImages);
    return { before, after: joined(parts), attack: { ...facts[0]!, blindImages: total(blind) } };
  } finally {
    tf.dispose(noise);
  }
}

/** The noise to begin from, `[samples, ...inputShape]`. */
function drawNoise({ net, images, samples, seed, options }: AdversarialNoise): tf.Tensor {
  const { bounds, inputShape } = net;
  const rng = createRng(seed).fork('noise');
  if (images === undefined) return uniformNoise([samples, ...inputShape], { rng, bounds });
  const noise = samplerFor(options.noise ?? paperNoise, net);
  return tf.tidy(() => noise(tf.slice(images, 0, samples), rng));
}

interface Part {
  readonly first: number;
  readonly size: number;
  readonly onStep: (at: AttackStep) => void;
}

/** The images of one batch after the attack, the same whatever the size of the batches. */
function attackPart(task: AdversarialNoise, noise: tf.Tensor, { first, size, onStep }: Part): AttackResult {
  const { net, samples, attack, seed, settings, options } = task;
  const rows = { first, of: samples };
  const rng = createRng(seed).fork('attack');
  const signal = options.signal && { signal: options.signal };
  let found: AttackResult;
  tf.tidy(() => {
    found = attack(net, tf.slice(noise, first, size), { ...settings, ...signal, rows, rng, onStep });
    return [found.adversarial, found.objective];
  });
  return found!;
}

/** What the settings of an attack and the sight it had leave to say, line by line. */
export function attackInWords(attack: AttackFacts, samples: number): string[] {
  const { blindImages = 0 } = attack;
  const seen =
    blindImages === samples ? 'the attack was blind' : `the attack was blind on ${blindImages} of ${samples} images`;
  return [reachInWords(attack), blindImages > 0 && `${seen}: every gradient was zero, as behind a rounding`].filter(
    (line) => typeof line === 'string',
  );
}

function total(counts: readonly (number | undefined)[]): number | undefined {
  return counts.reduce((sum, count) => (sum === undefined || count === undefined ? undefined : sum + count), 0);
}

function joined(parts: readonly Judgement[]): Judgement {
  return {
    confidences: Float64Array.from(parts.flatMap(({ confidences }) => [...confidences])),
    predicted: Int32Array.from(parts.flatMap(({ predicted }) => [...predicted])),
    classes: parts[0]!.classes,
  };
}
