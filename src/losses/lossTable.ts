import type * as tf from '@tensorflow/tfjs-core';
import { lpOut } from './lpOut';
import { maxLogOdds } from './maxLogOdds';
import { maxLogit, maxLogSigmoid } from './sigmoidLosses';
import { uniformCrossEntropy } from './uniformCrossEntropy';

type LogitsLoss = (logits: tf.Tensor2D) => tf.Tensor1D;

/** The losses of logits alone, by the names that workers and checkpoints know them by. */
export const LOSSES = { lpOut, maxLogOdds, uniformCrossEntropy, maxLogSigmoid, maxLogit } as const satisfies Record<
  string,
  LogitsLoss
>;

/** Name of a loss of logits alone. */
export type LossName = keyof typeof LOSSES;

/** The name of a loss of this library that needs nothing but logits. */
export function lossName(loss: LogitsLoss): LossName | undefined {
  return (Object.keys(LOSSES) as LossName[]).find((name) => LOSSES[name] === loss);
}
