import type * as tf from '@tensorflow/tfjs-core';
import type { Objective } from '../attacks/types';
import type { Classifier } from '../classifier/types';
import type { Rng } from '../core/rng';
import { checkMade } from './checkImageSet';
import type { ResolvedAttack } from './resolveOptions';

/** What changes from batch to batch. */
export interface AttackRun {
  readonly objective: Objective;
  readonly rng: Rng;
  readonly onStep: () => void;
}

/** Attacks one batch and gives back the adversarial images; runs in a tidy. `argument` names the attack's option. */
export function attackBatch(
  argument: string,
  { attack, epsilon, stepSize, steps, restarts }: ResolvedAttack,
  net: Classifier,
  images: tf.Tensor,
  run: AttackRun,
): tf.Tensor {
  const { adversarial } = attack(net, images, { epsilon, stepSize, steps, restarts, bounds: net.bounds, ...run });
  checkMade({ fn: 'evaluateOod', argument: `${argument}.attack` }, adversarial, net, images.shape[0]!);
  return adversarial;
}
