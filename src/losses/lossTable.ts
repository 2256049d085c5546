import * as tf from '@tensorflow/tfjs-core';
import { lpOut } from './lpOut';
import { maxLogOdds } from './maxLogOdds';
import { maxLogit, maxLogSigmoid } from './sigmoidLosses';
import { uniformCrossEntropy } from './uniformCrossEntropy';

type LogitsLoss = (logits: tf.Tensor2D) => tf.Tensor1D;

/** What an attack towards low confidence maximises, `-maxLogOdds`. */
export const lowLogOdds: LogitsLoss = (logits) => tf.tidy(() => tf.neg(maxLogOdds(logits)));

/** The same for a head of sigmoids, `-maxLogit`. */
export const lowLogit: LogitsLoss = (logits) => tf.tidy(() => tf.neg(maxLogit(logits)));

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
