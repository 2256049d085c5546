import * as tf from '@tensorflow/tfjs-core';
import { imagesWithin } from '../../classifier/imagesWithin';
import type { Classifier, LabelledData } from '../../classifier/types';
import { oneHot } from '../../core/labels';
import type { Rng } from '../../core/rng';
import { lossesOf } from '../../losses/headLosses';

/** Probabilities `[B, K]` for inputs of what learns; called within `tf.tidy`. */
export type Answers = (x: tf.Tensor) => tf.Tensor2D;

/** Gives variables other values. */
export function assign(to: readonly tf.Variable[], from: readonly tf.Tensor[]): void {
  tf.tidy(() => {
    for (const [i, variable] of to.entries()) variable.assign(tf.clone(from[i]!));
  });
}

/**
 * What the learner answers with other weights, as many inputs together as fit into memory.
 *
 * @param kind - What is known of the memory that an input takes, by the layers that learn.
 */
export function answersWith(
  weights: readonly tf.Tensor[],
  learner: Classifier,
  kind: string,
  memory: number | undefined,
): Answers {
  const { probabilities } = lossesOf(learner);
  return (x) => {
    const now = learner.variables.map((variable) => tf.clone(variable));
    assign(learner.variables, weights);
    try {
      const run = () => tf.dispose(learner.logits(tf.slice(x, 0, 1)));
      const limit = imagesWithin(learner, { kind: `answers of ${kind}`, images: x, run }, memory);
      const starts = Array.from({ length: Math.ceil(x.shape[0]! / limit) }, (_, part) => part * limit);
      const parts = starts.map((first) => tf.slice(x, first, Math.min(limit, x.shape[0]! - first)));
      return tf.concat(parts.map((part) => tf.tidy(() => probabilities(learner.logits(part)))));
    } finally {
      assign(learner.variables, now);
    }
  };
}

/** How mixtures are made. */
interface MixtureSettings {
  readonly count: number;
  readonly classes: number;
  readonly answers: Answers;
  readonly rng: Rng;
}

/**
 * Puts mixtures `a x + (1 - a) x'` of two examples, a from U(0, 1), in the place of the last `count`, with `answers` for labels, and
 * rows of probabilities in the place of all labels. Called within `tf.tidy`.
 *
 * That a network is held to another best by many such inputs between the examples was found by Beyer et al., "Knowledge distillation: A
 * good teacher is patient and consistent", CVPR 2022 (arXiv 2106.05237, function matching).
 */
export function withMixtures({ x, y }: LabelledData, { count, classes, answers, rng }: MixtureSettings): LabelledData {
  const size = x.shape[0]!;
  const labelled = size - count;
  const images = tf.cast(x, 'float32');
  const share = tf.tensor(Float32Array.from({ length: count }, rng.uniform), [count, ...x.shape.slice(1).map(() => 1)]);
  const others = tf.gather(images, tf.tensor1d(rng.permutation(size).subarray(0, count), 'int32'));
  const mixed = tf.add(tf.mul(tf.slice(images, labelled, count), share), tf.mul(others, tf.sub(1, share)));
  return {
    x: tf.concat([tf.slice(images, 0, labelled), mixed]),
    y: tf.concat([tf.slice(oneHot(y, classes), 0, labelled), answers(mixed)]),
  };
}
