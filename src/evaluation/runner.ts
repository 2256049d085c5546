import * as tf from '@tensorflow/tfjs-core';
import type { Attack, PgdOptions } from '../attacks/types';
import { type Logits, type ReadOptions, readLogits } from '../classifier/readLogits';
import type { Classifier } from '../classifier/types';

/** Who does the heavy work of an evaluation: this process, or a pool of workers. */
export interface Runner {
  /** The adversarial images that `attack` makes of `images`; a new tensor. */
  readonly attack: (
    attack: Attack,
    net: Classifier,
    images: tf.Tensor,
    options: PgdOptions,
  ) => tf.Tensor | Promise<tf.Tensor>;
  /** As {@link readLogits}. */
  readonly logits: (fn: string, net: Classifier, x: tf.Tensor, options: ReadOptions) => Promise<Logits>;
}

/** Everything here and now. */
export const thisProcess: Runner = {
  attack: (attack, net, images, options) =>
    tf.tidy(() => {
      const { adversarial } = attack(net, images, options);
      return adversarial === images ? tf.clone(adversarial) : adversarial;
    }),
  logits: readLogits,
};
