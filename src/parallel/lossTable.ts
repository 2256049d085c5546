import type { Objective } from '../attacks/types';
import { lpOut } from '../losses/lpOut';
import { maxLogOdds } from '../losses/maxLogOdds';
import { maxLogit, maxLogSigmoid } from '../losses/sigmoidLosses';
import { uniformCrossEntropy } from '../losses/uniformCrossEntropy';

/** The losses of logits alone that workers know. */
export const LOSSES = { lpOut, maxLogOdds, uniformCrossEntropy, maxLogSigmoid, maxLogit } as const satisfies Record<
  string,
  Objective
>;

/** Name of a loss that workers know. */
export type LossName = keyof typeof LOSSES;

/** The name by which workers know a loss, if they do. */
export function lossName(loss: Objective): LossName | undefined {
  return (Object.keys(LOSSES) as LossName[]).find((name) => LOSSES[name] === loss);
}
