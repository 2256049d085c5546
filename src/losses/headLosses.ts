import type * as tf from '@tensorflow/tfjs-core';
import { crossEntropyTo, negativeLogProbability } from './crossEntropy';
import { lowLogit, lowLogOdds } from './lossTable';
import { lpOut } from './lpOut';
import { maxLogOdds } from './maxLogOdds';
import { binaryCrossEntropyTo, maxLogit, maxLogSigmoid, negativeLogLikelihood } from './sigmoidLosses';

/** The losses that belong to a classifier's head; all take logits `[B, K]` and return `[B]`, in nats. */
export interface HeadLosses {
  /** Loss of labelled examples, given one-hot rows `[B, K]`; nothing is checked. */
  readonly inLoss: (logits: tf.Tensor2D, oneHot: tf.Tensor2D) => tf.Tensor1D;
  /** `inLoss` to fixed labels, checked once: the objective of adversarial samples. */
  readonly inLossTo: (labels: tf.Tensor, classes: number) => (logits: tf.Tensor2D) => tf.Tensor1D;
  /** Logarithm of the confidence: the loss of the out-distribution, and what attacks maximise by default. */
  readonly logConfidence: (logits: tf.Tensor2D) => tf.Tensor1D;
  /** Log-odds of the predicted class: the objective that does not saturate. */
  readonly logOdds: (logits: tf.Tensor2D) => tf.Tensor1D;
  /** The same with the opposite sign: high where the confidence is low. */
  readonly lowLogOdds: (logits: tf.Tensor2D) => tf.Tensor1D;
}

const SOFTMAX: HeadLosses = {
  inLoss: negativeLogProbability,
  inLossTo: crossEntropyTo,
  logConfidence: lpOut,
  logOdds: maxLogOdds,
  lowLogOdds,
};

const SIGMOIDS: HeadLosses = {
  inLoss: negativeLogLikelihood,
  inLossTo: binaryCrossEntropyTo,
  logConfidence: maxLogSigmoid,
  logOdds: maxLogit,
  lowLogOdds: lowLogit,
};

/** The losses to use where the caller names none. */
export function lossesOf({ head = 'softmax' }: { readonly head?: 'softmax' | 'sigmoids' }): HeadLosses {
  return head === 'sigmoids' ? SIGMOIDS : SOFTMAX;
}
