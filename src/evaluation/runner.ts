import * as tf from '@tensorflow/tfjs-core';
import type { Attack, AttackResult, PgdOptions } from '../attacks/types';
import { type Logits, type ReadOptions, readLogits } from '../classifier/readLogits';
import type { Classifier } from '../classifier/types';

/** What an attack found, but for the objective, which no evaluation needs. */
export type Attacked = Pick<AttackResult, 'adversarial' | 'blindImages'>;

/** Who does the heavy work of an evaluation: this process, or a pool of workers. */
export interface Runner {
  /** What `attack` makes of `images`; its tensor is a new one. */
  readonly attack: (
    attack: Attack,
    net: Classifier,
    images: tf.Tensor,
    options: PgdOptions,
  ) => Attacked | Promise<Attacked>;
  /** As {@link readLogits}. */
  readonly logits: (fn: string, net: Classifier, x: tf.Tensor, options: ReadOptions) => Promise<Logits>;
}

/** Everything here and now. */
export const thisProcess: Runner = {
  attack: (attack, net, images, options) =>
    tf.tidy(() => {
      const { adversarial, blindImages } = attack(net, images, options);
      return { adversarial: tf.clone(adversarial), blindImages };
    }),
  logits: readLogits,
};
