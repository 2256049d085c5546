import * as tf from '@tensorflow/tfjs-core';
import { imagesWithin, isOutOfMemory } from '../../classifier/imagesWithin';
import type { Classifier } from '../../classifier/types';
import { objectiveGradients, type Terms } from '../objectiveGradients';
import type { GradientsResult } from '../types';

/** Sums up gradients over parts of a batch that fit into memory. */
export interface GradientSum {
  /** The gradients of the whole batch. The caller owns them. */
  readonly of: (terms: Terms & { readonly noise: tf.Tensor }) => GradientsResult;
  /** The most parts that a batch has been in. */
  readonly parts: () => number;
}

/**
 * The objective of a batch of examples and at most as many noise images, whose parts add up to it where no example changes what is computed for another, as in inference mode. As
 * many noise images, each with its share of the examples, go together as fit into the budget; where memory runs out all the same, half as many, and so on.
 *
 * @param kind - What is known of the memory that an example takes, by the layers that learn.
 */
export function summedGradients(fn: string, net: Classifier, kind: string, memory: number | undefined): GradientSum {
  let limit = Number.POSITIVE_INFINITY;
  let most = 1;
  const of: GradientSum['of'] = (terms) => {
    const count = terms.noise.shape[0]!;
    const run = () => tf.dispose(partOf(fn, net, terms, 0, 1));
    // What is known of a noise image holds for its share of the examples.
    const each = `${kind} ${terms.clean.x.shape[0]! / count}`;
    limit = Math.min(limit, imagesWithin(net, { kind: each, images: terms.clean.x, run }, memory));
    for (;;) {
      try {
        const sum = sumOf(fn, net, terms, limit);
        most = Math.max(most, Math.ceil(count / limit));
        return sum;
      } catch (error) {
        if (limit <= 1 || !isOutOfMemory(error)) throw error;
        limit = Math.ceil(Math.min(limit, count) / 2);
      }
    }
  };
  return { of, parts: () => most };
}

function sumOf(
  fn: string,
  net: Classifier,
  terms: Terms & { readonly noise: tf.Tensor },
  limit: number,
): GradientsResult {
  const count = terms.noise.shape[0]!;
  if (limit >= count) return objectiveGradients(fn, net, terms);
  let sum: GradientsResult | undefined;
  try {
    for (let first = 0; first < count; first += limit) {
      const part = partOf(fn, net, terms, first, Math.min(limit, count - first));
      sum = sum === undefined ? part : added(sum, part);
    }
    return sum!;
  } catch (error) {
    if (sum !== undefined) tf.dispose(sum);
    throw error;
  }
}

/** What some noise images, and as large a share of the examples, add to the whole; weight decay comes with the first. */
function partOf(
  fn: string,
  net: Classifier,
  terms: Terms & { readonly noise: tf.Tensor },
  first: number,
  size: number,
): GradientsResult {
  const { clean, noise } = terms;
  const [examples, images] = [clean.x.shape[0]!, noise.shape[0]!];
  const begin = Math.floor((first * examples) / images);
  const rows = Math.floor(((first + size) * examples) / images) - begin;
  const share = { clean: rows / examples, noise: size / images };
  return tf.tidy(() => {
    const { grads, ...seen } = objectiveGradients(fn, net, {
      ...terms,
      clean: { x: tf.slice(clean.x, begin, rows), y: tf.slice(clean.y, begin, rows) },
      noise: tf.slice(noise, first, size),
      weightDecay: first === 0 ? terms.weightDecay : 0,
      share,
    });
    const { loss, ...means } = seen;
    const inLoss = tf.mul<tf.Scalar>(means.inLoss, share.clean);
    const [outLoss, outConfidence] = [means.outLoss, means.outConfidence].map((mean) =>
      tf.mul<tf.Scalar>(mean, share.noise),
    );
    // They are kept beyond the end of a tidy.
    tf.dispose(means);
    return { loss, inLoss, outLoss: outLoss!, outConfidence: outConfidence!, grads };
  });
}

/** The sum of two parts, which are disposed. */
function added(a: GradientsResult, b: GradientsResult): GradientsResult {
  const sum = tf.tidy(() => {
    const both = <T extends tf.Tensor>(x: T, y: T) => tf.add<T>(x, y);
    return {
      loss: both(a.loss, b.loss),
      inLoss: both(a.inLoss, b.inLoss),
      outLoss: both(a.outLoss, b.outLoss),
      outConfidence: both(a.outConfidence, b.outConfidence),
      grads: Object.fromEntries(Object.entries(a.grads).map(([name, grad]) => [name, both(grad, b.grads[name]!)])),
    };
  });
  tf.dispose([a, b]);
  return sum;
}
