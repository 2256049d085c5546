import type * as tf from '@tensorflow/tfjs-core';
import type { DataLike } from '../classifier/labelledData';
import type { Progress } from '../core/progress';
import type { Rng } from '../core/rng';
import type { CheckpointStore } from './fileCheckpoint';
import type { Schedule } from './paperSchedule';
import type { StepOptions } from './types';

/** A training method of the paper. */
export type Method = 'plain' | 'ceda' | 'acet';

/** A method that {@link fit} knows: those of the paper, and GOOD. */
export type FitMethod = Method | 'good';

/** Changes a batch of clean images before a step; draws its randomness from `rng`. */
export type Augmentation = (images: tf.Tensor, rng: Rng) => tf.Tensor;

/** One finished epoch. Means are over the epoch's steps, each before its update. */
export interface EpochRecord {
  /** Number of the epoch, from 0. */
  readonly epoch: number;
  /** Learning rate of the epoch. */
  readonly learningRate: number;
  /** Mean objective, weight decay included. */
  readonly loss: number;
  /** Mean cross entropy on clean examples, in nats. */
  readonly inLoss: number;
  /** Mean out-distribution loss; null for plain training. */
  readonly outLoss: number | null;
  /** Mean confidence on out-distribution samples; null for plain training. */
  readonly outConfidence: number | null;
  /** On the validation data, in inference mode; null without validation data. */
  readonly validation: ValidationRecord | null;
}

/** How the model does on held-out data. */
export interface ValidationRecord {
  /** Share of wrong predictions, in [0, 1]. */
  readonly error: number;
  /** Mean cross entropy, in nats. */
  readonly loss: number;
  /** Mean confidence. */
  readonly meanMaxConfidence: number;
}

/** The course of a training; plain data. */
export interface History {
  /** Settings that name the run. */
  readonly method: FitMethod;
  /** Records of all epochs, those before a resumption included. */
  readonly epochs: readonly EpochRecord[];
}

/** Options of {@link fit}: those of the method's step, and those of the loop. */
export interface FitOptions extends Omit<StepOptions, 'rng'> {
  /** Training method. @defaultValue 'acet' */
  readonly method?: FitMethod;
  /** Passes over the data. @defaultValue 100 */
  readonly epochs?: number;
  /**
   * Clean examples per step, or all of them where there are fewer. An epoch is floor(N / batchSize) steps: it leaves out the last
   * N mod batchSize examples of its order, which are others in every epoch. @defaultValue 128
   */
  readonly batchSize?: number;
  /**
   * Steps that make an epoch, for schedules and validation finer than a pass over the data; each epoch takes them from an
   * order of its own. @defaultValue a whole pass over the data
   */
  readonly stepsPerEpoch?: number;
  /** Any tfjs optimizer, or `'adam'`, a fresh Adam at 1e-3; its learning rate is the base of the schedule. @defaultValue 'adam' */
  readonly optimizer?: tf.Optimizer | 'adam';
  /** Factor of the learning rate. @defaultValue paperSchedule */
  readonly schedule?: Schedule;
  /**
   * Factor of `epsilon` and `lambda` of GOOD from the share of the steps that are done, in [0, 1). @defaultValue rises from 0 to 1
   * over the first half of the training
   */
  readonly ramp?: Schedule;
  /** Applied to the clean images of each batch. @defaultValue none */
  readonly augmentation?: Augmentation;
  /** Held-out data, evaluated after each epoch. @defaultValue none */
  readonly validation?: DataLike;
  /** Called after each epoch. */
  readonly onEpoch?: (record: EpochRecord) => void;
  /** Called after each step; `done` and `total` count steps of the whole training. */
  readonly onStep?: (progress: Progress) => void;
  /** Where to save and resume: a file name (Node) or a store. @defaultValue none */
  readonly checkpoint?: string | CheckpointStore;
  /** Steps between checkpoints; one is also written after each epoch and on abort. @defaultValue 100 */
  readonly checkpointEvery?: number;
  /** Stops the training after the step in progress, with a checkpoint if there is a place for one. */
  readonly signal?: AbortSignal;
}
