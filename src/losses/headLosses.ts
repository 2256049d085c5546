import * as tf from '@tensorflow/tfjs-core';
import { crossEntropyTo, crossEntropyToProbabilities, negativeLogProbability } from './crossEntropy';
import { lpOut } from './lpOut';
import { maxLogOdds } from './maxLogOdds';
import {
  binaryCrossEntropyTo,
  likelihoodOfProbabilities,
  maxLogit,
  maxLogSigmoid,
  negativeLogLikelihood,
} from './sigmoidLosses';
import { uniformCrossEntropy } from './uniformCrossEntropy';

/** The losses that belong to a classifier's head; all take logits `[B, K]` and return `[B]`, in nats. */
export interface HeadLosses {
  /** Loss of labelled examples, given one-hot rows `[B, K]`; nothing is checked. */
  readonly inLoss: (logits: tf.Tensor2D, oneHot: tf.Tensor2D) => tf.Tensor1D;
  /** The probabilities `[B, K]` that the logits stand for. */
  readonly probabilities: (logits: tf.Tensor2D) => tf.Tensor2D;
  /** `inLoss` of examples that have probabilities `[B, K]` for labels. */
  readonly inLossToProbabilities: (logits: tf.Tensor2D, probabilities: tf.Tensor2D) => tf.Tensor1D;
  /** `inLoss` to fixed labels, checked once: the objective of adversarial samples. */
  readonly inLossTo: (labels: tf.Tensor, classes: number) => (logits: tf.Tensor2D) => tf.Tensor1D;
  /** Logarithm of the confidence: the loss of the out-distribution, and what attacks maximise by default. */
  readonly logConfidence: (logits: tf.Tensor2D) => tf.Tensor1D;
  /** Log-odds of the predicted class: the objective that does not saturate. */
  readonly logOdds: (logits: tf.Tensor2D) => tf.Tensor1D;
  /** The same with the opposite sign: high where the confidence is low. */
  readonly lowLogOdds: (logits: tf.Tensor2D) => tf.Tensor1D;
}

type LogitsLoss = (logits: tf.Tensor2D) => tf.Tensor1D;

/** What an attack towards low confidence maximises, `-maxLogOdds`. */
const lowLogOdds: LogitsLoss = (logits) => tf.tidy(() => tf.neg(maxLogOdds(logits)));

/** The same for a head of sigmoids, `-maxLogit`. */
const lowLogit: LogitsLoss = (logits) => tf.tidy(() => tf.neg(maxLogit(logits)));

const SOFTMAX: HeadLosses = {
  inLoss: negativeLogProbability,
  probabilities: (logits) => tf.softmax(logits),
  inLossToProbabilities: crossEntropyToProbabilities,
  inLossTo: crossEntropyTo,
  logConfidence: lpOut,
  logOdds: maxLogOdds,
  lowLogOdds,
};

const SIGMOIDS: HeadLosses = {
  inLoss: negativeLogLikelihood,
  probabilities: (logits) => tf.sigmoid(logits),
  inLossToProbabilities: likelihoodOfProbabilities,
  inLossTo: binaryCrossEntropyTo,
  logConfidence: maxLogSigmoid,
  logOdds: maxLogit,
  lowLogOdds: lowLogit,
};

/** The losses to use where the caller names none. */
export function lossesOf({ head = 'softmax' }: { readonly head?: 'softmax' | 'sigmoids' }): HeadLosses {
  return head === 'sigmoids' ? SIGMOIDS : SOFTMAX;
}

/** The losses of logits alone, by the names that workers and checkpoints know them by. */
export const LOSSES = {
  lpOut,
  maxLogOdds,
  uniformCrossEntropy,
  maxLogSigmoid,
  maxLogit,
  lowLogOdds,
  lowLogit,
} as const satisfies Record<string, LogitsLoss>;

/** Name of a loss of logits alone. */
export type LossName = keyof typeof LOSSES;

/** The name of a loss of this library that needs nothing but logits. */
export function lossName(loss: LogitsLoss): LossName | undefined {
  return (Object.keys(LOSSES) as LossName[]).find((name) => LOSSES[name] === loss);
}
