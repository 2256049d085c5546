import type * as tf from '@tensorflow/tfjs-core';
import type { ModelLike } from '../classifier/types';
import type { Bounds } from '../core/bounds';
import type { RandomOptions } from '../core/resolveRng';
import type { AttackReach } from './attackDefaults';

/**
 * What an attack maximises: one number per example from logits `[B, K]`. It is differentiated, so it must be made of
 * tfjs operations, and it should read nothing back to JavaScript.
 */
export type Objective = (logits: tf.Tensor2D) => tf.Tensor1D;

/** How far an attack has come. */
export interface AttackStep {
  /** Gradient steps finished in this restart: 1, ..., `steps`. */
  readonly step: number;
  /** Gradient steps of each restart. */
  readonly steps: number;
  /** Number of this restart: 1, ..., `restarts`. */
  readonly restart: number;
  /** Number of restarts. */
  readonly restarts: number;
}

/** Where the images of one call stand in a larger batch. */
export interface BatchRows {
  /** Number of the first image within the larger batch, from 0. */
  readonly first: number;
  /** Images in the larger batch. */
  readonly of: number;
}

/** What every attack may be told. */
export interface AttackOptions extends RandomOptions {
  /** Radius of the ball around each image, in input units, or in widths where each feature has its own bounds. @defaultValue 0.3 of the width of the bounds (for `pgdL2` the width) */
  readonly epsilon?: number;
  /** Gradient steps of each restart; one gradient evaluation each. @defaultValue 40 (for `maxConfidenceAttack` 20) */
  readonly steps?: number;
  /** Independent runs, of which each image keeps its own best. @defaultValue 1 */
  readonly restarts?: number;
  /** Start from a random point of the ball instead of the image itself. @defaultValue true */
  readonly randomStart?: boolean;
  /**
   * For a batch that is attacked in parts: where this part stands in the whole. Random numbers are then drawn for the
   * whole batch, so that with one `seed` the parts start where the whole would. @defaultValue the images are the whole batch
   */
  readonly rows?: BatchRows;
  /** What is maximised, one number per example, in its own units. @defaultValue the log-confidence, {@link lpOut} or, for a head of sigmoids, {@link maxLogSigmoid} */
  readonly objective?: Objective;
  /**
   * Return for each image the best point met, the image itself included, so that an attack never does harm to its own
   * aim. With `false`: the last iterate (the best of the last iterates of all restarts). @defaultValue true
   */
  readonly keepBest?: boolean;
  /** The box of valid inputs, in input units; see {@link ClassifierOptions}. @defaultValue the classifier's bounds */
  readonly bounds?: Bounds;
  /**
   * Called after every step. Tensors made in it are disposed when the attack returns, unless kept with `tf.keep`.
   * @defaultValue none
   */
  readonly onStep?: (progress: AttackStep) => void;
  /**
   * Bytes that may be used for what the model computes. Where the images need more together, they are attacked in parts, one
   * after the other, with the same result; with an objective of your own they stay together, as it may know them by their place.
   * @defaultValue half of what the backend (wasm: 4 GiB) or the machine has
   */
  readonly memory?: number;
  /** Stops the attack; looked at before the first and after every step. @defaultValue none */
  readonly signal?: AbortSignal;
}

/** What the fixed-step attacks may be told. */
export interface PgdOptions extends AttackOptions {
  /**
   * Length of one step, in input units. @defaultValue epsilon / 40 from 40 steps on, as in the paper, and 2.5 epsilon / steps
   * below (for `pgdL2` always)
   */
  readonly stepSize?: number;
}

/** What an attack found. The caller owns the two tensors. */
export interface AttackResult extends AttackReach {
  /** `[B, ...inputShape]`, float32: inside the box, and inside the ball up to float32 rounding. */
  readonly adversarial: tf.Tensor;
  /** `[B]`: the objective at `adversarial`; -Infinity for an image where it was never a number. */
  readonly objective: tf.Tensor1D;
  /** Gradient passes over the whole batch, `steps` times `restarts`; passes without a gradient are not counted. */
  readonly gradientEvaluations: number;
  /**
   * Pairs (image, gradient evaluation) in which every entry of the gradient was exactly zero, so the attack stood still.
   * Many of them mean a saturated objective or a dead network. `undefined` on webgpu, which cannot be read in time.
   */
  readonly zeroGradients: number | undefined;
  /**
   * Images whose gradient was zero in every evaluation. If that is all of them the attack was blind, as it is behind a
   * rounding: it has found nothing because it could see nothing. `undefined` on webgpu.
   */
  readonly blindImages: number | undefined;
  /**
   * Pairs (image, gradient evaluation) in which the gradient had NaN or infinite entries, each taken as zero. `undefined`
   * on webgpu.
   */
  readonly nonFiniteGradients: number | undefined;
}

/** The common form of attacks, so that a trainer can take any of them; one without fixed steps ignores `stepSize`. */
export type Attack = (model: ModelLike, x: tf.Tensor, options?: PgdOptions) => AttackResult;
