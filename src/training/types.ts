import type * as tf from '@tensorflow/tfjs-core';
import type { Attack } from '../attacks/types';
import type { RandomOptions } from '../core/resolveRng';
import type { NoiseSampler } from '../noise/options';

/** Options of a plain step. */
export interface PlainOptions extends RandomOptions {
  /** Factor of the sum of squared decayed weights (no 1/2) in the loss. @defaultValue 5e-4 */
  readonly weightDecay?: number;
  /** Factor of the cross entropy of the examples of each class, K numbers > 0, as for rare classes. @defaultValue 1 for each */
  readonly classWeights?: readonly number[];
}

/** Options of a CEDA step. */
export interface CedaOptions extends PlainOptions {
  /** Weight lambda of the out-distribution term. @defaultValue 1 */
  readonly lambda?: number;
  /** Where the out-distribution samples come from; it is handed the clean batch. @defaultValue paperNoise */
  readonly noise?: NoiseSampler;
  /** Loss of each out-distribution sample, from its logits. @defaultValue the log-confidence, lpOut or, for a head of sigmoids, maxLogSigmoid */
  readonly outLoss?: (logits: tf.Tensor2D) => tf.Tensor1D;
}

/** Options of an ACET step. */
export interface AcetOptions extends CedaOptions {
  /** Radius of the ball around each noise sample, in input units, or in widths where each feature has its own bounds. @defaultValue the attack's own, for `pgdLinf` 0.3 of the width of the bounds */
  readonly epsilon?: number;
  /** Iterations of the attack. @defaultValue the attack's own, for `pgdLinf` 40 */
  readonly steps?: number;
  /** Length of one attack step, in input units. @defaultValue the attack's own, see {@link PgdOptions} */
  readonly stepSize?: number;
  /**
   * Finds the worst point of the ball; it is given `rng` and those of epsilon, steps and stepSize that are set. Its objective
   * should rise with `outLoss`, as the default objectives of all attacks here do with `lpOut`. @defaultValue pgdLinf
   */
  readonly attack?: Attack;
}

/** Options of a GOOD step. */
export interface GoodOptions extends Omit<CedaOptions, 'outLoss'> {
  /** L-infinity radius of the ball around each noise sample at this step, in input units. @defaultValue 0.3 of the width of the bounds */
  readonly epsilon?: number;
  /**
   * Share of the noise, that with the lowest bounds, whose bound is lowered; for the rest it is the range of the logits at the
   * point itself. @defaultValue 1
   */
  readonly quantile?: number;
}

/** Options of any step; those that a method does not have are not looked at. */
export type StepOptions = AcetOptions & Pick<GoodOptions, 'quantile'>;

/**
 * What a step saw, before its update. Scalars; the caller disposes them, for example by `tf.dispose(result)`: these results
 * are type aliases, not interfaces, so that TypeScript takes them for containers of tensors.
 */
export type StepResult = {
  /** The objective that was differentiated, weight decay included. */
  readonly loss: tf.Scalar;
  /** Mean cross entropy over the clean examples, in nats. */
  readonly inLoss: tf.Scalar;
  /** Mean of `outLoss` over the out-distribution samples; NaN in a plain step, which has none. */
  readonly outLoss: tf.Scalar;
  /** Mean confidence on the out-distribution samples; NaN in a plain step, which has none. */
  readonly outConfidence: tf.Scalar;
};

/** A step without the update. The caller disposes all tensors. */
export type GradientsResult = StepResult & {
  /** Gradient of `loss` for each trainable variable, by the variable's name. */
  readonly grads: tf.NamedTensorMap;
};
