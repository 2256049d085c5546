import * as tf from '@tensorflow/tfjs-core';
import { differentiate } from '../classifier/differentiate';
import type { Classifier, LabelledData } from '../classifier/types';
import { oneHot } from '../core/labels';
import type { Rng } from '../core/rng';
import { lossesOf } from '../losses/headLosses';
import { weightDecay as sumOfSquares } from '../losses/weightDecay';
import type { CedaOptions, GradientsResult } from './types';

/** What the objective is made of. */
export interface Terms {
  readonly clean: LabelledData;
  /** Whether the labels of `clean` are rows of probabilities. @defaultValue false */
  readonly soft?: boolean;
  /** Out-distribution samples; none in a plain step. */
  readonly noise?: tf.Tensor;
  /** The out-distribution part where it is no mean over the logits of noise; computed beside the clean examples. */
  readonly certified?: () => OutPart;
  readonly lambda: number;
  readonly weightDecay: number;
  /** Factors of the cross entropy, by class. */
  readonly classWeights?: readonly number[] | undefined;
  readonly outLoss: NonNullable<CedaOptions['outLoss']>;
  readonly rng: Rng;
  /** For a part of a larger batch: its share of it. Losses and gradients of the parts then add up to those of the whole. */
  readonly share?: BatchShare;
}

/** How much of a batch is at hand, in [0, 1]. */
export interface BatchShare {
  /** Share of the clean examples. */
  readonly clean: number;
  /** Share of the noise. */
  readonly noise: number;
}

/**
 * Value and gradients of the training objective
 *
 *     (mean cross entropy + lambda * mean outLoss) / (1 + lambda) + weightDecay * (sum of squared decayed weights)
 *
 * on one concatenated batch, noise first, in training mode. Nothing is left behind when it throws.
 */
export function objectiveGradients(fn: string, net: Classifier, terms: Terms): GradientsResult {
  const seen: Parts[] = [];
  try {
    const { value, grads } = differentiate(fn, () =>
      tf.tidy(() =>
        tf.variableGrads(() => {
          const { inLoss, outLoss, outConfidence } = forward(net, terms);
          seen.push({ inLoss: tf.keep(inLoss), outLoss: tf.keep(outLoss), outConfidence: tf.keep(outConfidence) });
          return total(net, { inLoss, outLoss }, terms);
        }, [...net.variables]),
      ),
    );
    return { loss: value, ...seen[0]!, grads };
  } catch (error) {
    tf.dispose(seen);
    throw error;
  }
}

type Parts = Pick<GradientsResult, 'inLoss' | 'outLoss' | 'outConfidence'>;

/** Loss and confidence of the out-distribution. */
export type OutPart = Omit<Parts, 'inLoss'>;

function forward(net: Classifier, terms: Terms): Parts {
  const { soft = false, noise, certified, classWeights, outLoss, rng } = terms;
  const { x, y } = terms.clean;
  const losses = lossesOf(net);
  const meanCrossEntropy = (logits: tf.Tensor2D) => {
    const labels = oneHot(y, net.classes);
    const loss = (soft ? losses.inLossToProbabilities : losses.inLoss)(logits, labels);
    if (classWeights === undefined) return tf.mean<tf.Scalar>(loss);
    return tf.mean<tf.Scalar>(tf.mul(loss, tf.sum(tf.mul(labels, [...classWeights]), 1)));
  };
  if (noise === undefined) {
    const nothing = () => ({ outLoss: tf.scalar(Number.NaN), outConfidence: tf.scalar(Number.NaN) });
    const inLoss = meanCrossEntropy(net.logits(x, { training: true, rng }));
    return { inLoss, ...(certified ?? nothing)() };
  }
  const logits = net.logits(tf.concat([noise, x]), { training: true, rng });
  const [outLogits, inLogits] = tf.split(logits, [noise.shape[0]!, x.shape[0]!]) as [tf.Tensor2D, tf.Tensor2D];
  return {
    inLoss: meanCrossEntropy(inLogits),
    outLoss: tf.mean<tf.Scalar>(outLoss(outLogits)),
    outConfidence: tf.mean<tf.Scalar>(tf.exp(losses.logConfidence(outLogits))),
  };
}

function total(
  net: Classifier,
  { inLoss, outLoss }: Omit<Parts, 'outConfidence'>,
  { noise, certified, lambda, weightDecay, share }: Terms,
): tf.Scalar {
  const [ofClean, ofNoise] =
    share === undefined ? [inLoss, outLoss] : [tf.mul(inLoss, share.clean), tf.mul(outLoss, share.noise)];
  const plain = noise === undefined && certified === undefined;
  const data = plain ? ofClean : tf.div(tf.add(ofClean, tf.mul(ofNoise, lambda)), 1 + lambda);
  if (weightDecay === 0 || net.decayed.length === 0) return data as tf.Scalar;
  return tf.add(data, tf.mul(sumOfSquares([...net.decayed]), weightDecay));
}
