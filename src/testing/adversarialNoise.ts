import type * as tf from '@tensorflow/tfjs-core';
import { maxConfidenceAttack } from '../attacks/maxConfidenceAttack';
import type { Attack, PgdOptions } from '../attacks/types';
import { asClassifier } from '../classifier/asClassifier';
import { classifier } from '../classifier/classifier';
import type { Classifier, ModelLike } from '../classifier/types';
import { checkFraction, checkFunction, checkWhole, refuse, show } from '../core/check';
import { checkBatch, checkInBounds } from '../core/checkTensor';
import type { Progress } from '../core/progress';
import type { NoiseSampler } from '../noise/noiseSampler';

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

/** Checks what can be checked before any work, and fills in the defaults. */
export function prepareAdversarialNoise(
  fn: string,
  model: ModelLike,
  options: AdversarialNoiseOptions,
): AdversarialNoise {
  checkFraction({ fn, argument: 'maxMmc' }, options?.maxMmc);
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
