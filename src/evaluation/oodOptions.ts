import type * as tf from '@tensorflow/tfjs-core';
import type { Attack } from '../attacks/types';
import type { DataLike } from '../classifier/labelledData';
import type { Progress } from '../core/progress';
import type { NoiseSampler } from '../noise/noiseSampler';

/** How images are attacked. */
export interface OodAttackSettings {
  /** Radius of the ball around each image, in input units. @defaultValue 0.3 */
  readonly epsilon?: number;
  /** Length of a step, in input units. @defaultValue epsilon / 40 (0.0075 for epsilon 0.3, as in the paper) */
  readonly stepSize?: number;
  /** Steps per restart. @defaultValue 200 for adversarial noise, 80 for adversarial samples */
  readonly steps?: number;
  /** Independent starts per image. @defaultValue 1 */
  readonly restarts?: number;
  /** Images attacked. @defaultValue the number of in-distribution images, 1000 at most */
  readonly samples?: number;
  /** The attack; {@link pgdLinf}, a relative, or a function of the same form. @defaultValue pgdLinf */
  readonly attack?: Attack;
}

/** How adversarial noise is made. */
export interface AdversarialNoiseSettings extends OodAttackSettings {
  /** Draws the noise that the attack starts from. @defaultValue the paper's noise, see {@link paperNoise} */
  readonly start?: NoiseSampler;
}

/** What {@link evaluateOod} is asked to do. */
export interface OodOptions {
  /** The in-distribution test set. */
  readonly in: DataLike;
  /** Out-distribution test sets by the name of their row, each `[N, ...inputShape]` within the bounds. @defaultValue none */
  readonly out?: Readonly<Record<string, tf.Tensor>>;
  /**
   * Rows of noise: `true` for the paper's noise under the name 'noise', a sampler for another noise under that name,
   * samplers by name for several rows, `false` for none. @defaultValue true
   */
  readonly noise?: boolean | NoiseSampler | Readonly<Record<string, NoiseSampler>>;
  /** Images drawn for each row of noise. @defaultValue the number of in-distribution images */
  readonly noiseSamples?: number;
  /** Noise attacked towards high confidence; `false` leaves the row out. @defaultValue true, with the paper's settings */
  readonly adversarialNoise?: boolean | AdversarialNoiseSettings;
  /**
   * In-distribution images attacked away from their class; `false` leaves the row out. @defaultValue true, with the
   * paper's settings for MNIST; its other data sets have `epsilon: 0.1`
   */
  readonly adversarialSamples?: boolean | OodAttackSettings;
  /** Seed of all random numbers; the same seed and `attackBatchSize` give the same report. @defaultValue 0 */
  readonly seed?: string | number;
  /** Images per forward pass over the data sets. @defaultValue 256 */
  readonly batchSize?: number;
  /** Images of noise drawn, and images attacked, at a time. @defaultValue 100 */
  readonly attackBatchSize?: number;
  /** Whether the rows of the report keep the score of every image, for plots and other metrics. @defaultValue false */
  readonly keepScores?: boolean;
  /**
   * Called after every batch and every step of an attack with the row being worked on and the time left. Work is counted
   * in forward passes of one image; a gradient counts as three. @defaultValue none
   */
  readonly onProgress?: (progress: Progress) => void;
  /** Stops the work: the promise is then rejected with `ABORTED`. @defaultValue none */
  readonly signal?: AbortSignal;
}
