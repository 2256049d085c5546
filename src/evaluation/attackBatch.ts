import * as tf from '@tensorflow/tfjs-core';
import type { Objective } from '../attacks/types';
import type { Classifier } from '../classifier/types';
import type { Rng } from '../core/rng';
import { checkMade } from './checkImageSet';
import type { ResolvedAttack } from './resolveOptions';
import type { Runner } from './runner';

/** What changes from batch to batch. */
export interface AttackRun {
  /** What is maximised; by default the attack's own objective. */
  readonly objective?: Objective;
  readonly rng: Rng;
  readonly onStep: () => void;
}

/** Attacks one batch and gives back the adversarial images; disposes those it was given. `argument` names the attack's option. */
export async function attackBatch(
  runner: Runner,
  argument: string,
  { attack, epsilon, stepSize, steps, restarts }: ResolvedAttack,
  net: Classifier,
  images: tf.Tensor,
  run: AttackRun,
): Promise<tf.Tensor> {
  const options = { epsilon, stepSize, steps, restarts, bounds: net.bounds, ...run };
  const count = images.shape[0]!;
  let adversarial: tf.Tensor;
  try {
    adversarial = await runner.attack(attack, net, images, options);
  } finally {
    tf.dispose(images);
  }
  try {
    checkMade({ fn: 'evaluateOod', argument: `${argument}.attack` }, adversarial, net, count);
  } catch (error) {
    tf.dispose(adversarial);
    throw error;
  }
  return adversarial;
}
