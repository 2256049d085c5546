import * as tf from '@tensorflow/tfjs-core';
import { asClassifier } from '../classifier/asClassifier';
import { classifier } from '../classifier/classifier';
import { openableOf } from '../classifier/featurePass';
import type { Classifier, ModelLike } from '../classifier/types';
import { isLayersModel } from '../classifier/walkGraph';
import { refuse } from '../core/check';
import { type DetectorKind, KINDS } from './kinds';
import { nativePass } from './run/nativePass';
import { checkSaved, refuseOther } from './savedDetector';
import type { Parts } from './scores/rows';
import { LARGEST_RISE } from './scores/shaping';
import type { Detector } from './types';

/** What an attack needs to raise the score of a detector: pass `model` as its model, and `objective` as its objective. */
export interface AttackTarget {
  /** The model with the features that the detector looks at in front of its logits, where it looks at any. */
  readonly model: Classifier;
  /** One number for each example that rises with the score: the score itself, but the logarithm of a probability. */
  readonly objective: (outputs: tf.Tensor2D) => tf.Tensor1D;
}

const fn = 'attackTarget';

/**
 * Lets every attack take the score of a detector for its objective: it then looks for images near noise, or near images of something
 * else, that the detector takes for in-distribution. A detector that withstands nothing but clean images is no defence.
 *
 * @param detector - A detector; of `'nnguide'` and `'she'` there is none.
 * @param model - The model that it was made of: a LayersModel, a GraphModel or a classifier of a LayersModel; for scores of the logits any.
 * @returns Both own no tensors.
 * @throws OverconfidenceError `UNSUPPORTED_MODEL` for a model that shows no layers, or another one; `INVALID_ARGUMENT` for a kind that has no
 *   gradient here.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { pgdLinf, uniformNoise } from 'relu-overconfidence';
 * import { attackTarget, fitDetector } from 'relu-overconfidence/detectors';
 * import { mlp } from 'relu-overconfidence/models';
 *
 * const net = mlp({ inputShape: [2], hidden: [16, 16], classes: 3, seed: 1 });
 * const detector = await fitDetector('mahalanobis', net, uniformNoise([200, 2], { seed: 1, bounds: [0, 0.5] }));
 * const { model, objective } = attackTarget(detector, net);
 * const noise = uniformNoise([10, 2], { seed: 2, bounds: [0.5, 1] });
 * const { adversarial } = pgdLinf(model, noise, { objective, epsilon: 0.2, steps: 10, seed: 1 });
 * const [clean, attacked] = [await detector.score(noise), await detector.score(adversarial)];
 * console.log(attacked.every((score, i) => score >= clean[i]!)); // true
 * ```
 */
export function attackTarget(detector: Detector, model: ModelLike): AttackTarget {
  const { kind, layer } = detector;
  const score: Differentiable | undefined = SCORES[kind];
  if (score === undefined)
    return refuse(
      { fn, argument: 'detector' },
      'INVALID_ARGUMENT',
      `a detector of kind ${Object.keys(SCORES).join(', ')}`,
      kind,
      'Attack another score.',
    );
  const saved = detector.save();
  const parts = checkSaved(fn, saved);
  const { size, inputShape } = saved;
  if (KINDS[kind].needs === 'logits') {
    const net = typeof model === 'function' ? classifier(model, { inputShape }) : asClassifier(fn, model, undefined);
    return { model: net, objective: (z) => tf.tidy(() => score({ phi: z, z, parts })) };
  }
  const net = typeof model === 'function' ? undefined : asClassifier(fn, model, undefined);
  openableOf({ fn, argument: 'model' }, net);
  if (String(net!.inputShape) !== String(inputShape)) refuseOther(fn, false);
  const own = typeof model === 'object' && 'execute' in model && !isLayersModel(model) ? model : net!.layersModel;
  if (own === undefined)
    return refuse(
      { fn, argument: 'model' },
      'UNSUPPORTED_MODEL',
      'a LayersModel, a GraphModel or a classifier of a LayersModel',
      'a classifier of a GraphModel',
      'Pass the GraphModel itself.',
    );
  const run = nativePass(fn, own, layer ?? null);
  const joined = (x: tf.Tensor) => {
    const { features, logits } = run(x);
    return tf.concat([features, logits], 1) as tf.Tensor2D;
  };
  return {
    model: classifier(joined, { inputShape, bounds: detector.bounds, outputs: 'logits' }),
    objective: (outputs) =>
      tf.tidy(() => {
        const [phi, z] = tf.split(outputs, [size, outputs.shape[1] - size], 1) as [tf.Tensor2D, tf.Tensor2D];
        return score({ phi, z, parts });
      }),
  };
}

/** Features and logits of a batch, with what was learnt. */
interface Outputs {
  readonly phi: tf.Tensor2D;
  readonly z: tf.Tensor2D;
  readonly parts: Parts;
}

type Differentiable = (outputs: Outputs) => tf.Tensor1D;

/** Every score by operations of tfjs; runs in a tidy. */
const SCORES: { readonly [kind in DetectorKind]?: Differentiable } = {
  'max-softmax': ({ z }) => tf.max(tf.logSoftmax(z), 1),
  'max-logit': ({ z }) => tf.max(z, 1),
  energy: ({ z }) => tf.logSumExp(z, 1),
  temperature: ({ z, parts }) => tf.max(tf.logSoftmax(tf.div(z, parts.temperature as number)), 1),
  knn: (outputs) => tf.neg(nearest(outputs, true)),
  'mean-knn': (outputs) => tf.neg(nearest(outputs, false)),
  mahalanobis: ({ phi, parts }) => tf.neg(nearestMean(phi, parts)),
  'relative-mahalanobis': ({ phi, parts }) => {
    const away = tf.sub(phi, vector(parts.mean)) as tf.Tensor2D;
    return tf.sub(form(away, parts, 'all'), nearestMean(phi, parts)) as tf.Tensor1D;
  },
  vim: ({ phi, z, parts }) => {
    const d = tf.sub(phi, vector(parts.origin)) as tf.Tensor2D;
    const axes = matrix(parts.axes, phi.shape[1]);
    const rest = tf.sub(d, tf.matMul(tf.matMul(d, axes, false, true), axes));
    return tf.sub(tf.logSumExp(z, 1), tf.mul(parts.alpha as number, length(rest))) as tf.Tensor1D;
  },
  react: ({ phi, parts }) => energyOf(tf.minimum(phi, parts.limit as number) as tf.Tensor2D, parts),
  scale: ({ phi, parts }) => energyOf(tf.mul(phi, rise(phi, parts).factor) as tf.Tensor2D, parts),
  ash: ({ phi, parts }) => {
    const { factor, kept } = rise(phi, parts);
    return energyOf(tf.mul(tf.mul(phi, kept), factor) as tf.Tensor2D, parts);
  },
  fdbd: ({ phi, z, parts }) => {
    const k = oneHot(tf.argMax(z, 1), z.shape[1]) as tf.Tensor2D;
    const apart = tf.matMul(k, matrix(parts.apart, z.shape[1]));
    const margins = tf.sub(tf.sum(tf.mul(z, k), 1, true), z);
    const counted = tf.cast(tf.greater(apart, 0), 'float32');
    const distances = tf.div(tf.mul(margins, counted), tf.where(tf.greater(apart, 0), apart, tf.onesLike(apart)));
    const mean = tf.div(tf.sum(distances, 1), tf.maximum(1, tf.sum(counted, 1)));
    return tf.div(mean, length(tf.sub(phi, vector(parts.mean)))) as tf.Tensor1D;
  },
};

/** Distances have a gradient at zero, too. */
const TINY = 1e-12;

function length(rows: tf.Tensor): tf.Tensor1D {
  return tf.sqrt(tf.add(tf.sum(tf.square(rows), 1), TINY)) as tf.Tensor1D;
}

function vector(part: Parts[string] | undefined): tf.Tensor1D {
  return tf.tensor1d(Float32Array.from(part as Float64Array));
}

function matrix(part: Parts[string] | undefined, columns: number): tf.Tensor2D {
  const values = Float32Array.from(part as Float64Array);
  return tf.tensor2d(values, [values.length / columns, columns]);
}

/** The distance from the k-th nearest direction, or the mean of the k nearest. */
function nearest({ phi, parts }: Outputs, farthest: boolean): tf.Tensor1D {
  const u = tf.div(phi, tf.add(tf.norm(phi, 2, 1, true), TINY)) as tf.Tensor2D;
  const cosines = tf.matMul(u, matrix(parts.bank, phi.shape[1]), false, true) as tf.Tensor2D;
  const k = parts.k as number;
  const chosen = constant(cosines, (all) => {
    const { indices } = tf.topk(all, k);
    const some = farthest ? tf.slice(indices, [0, k - 1], [-1, 1]) : indices;
    return oneHot(some, all.shape[1]!);
  });
  const found = tf.sum(tf.mul(tf.expandDims(cosines, 1), chosen), 2);
  return tf.mean(tf.sqrt(tf.maximum(TINY, tf.sub(2, tf.mul(2, found)))), 1) as tf.Tensor1D;
}

/** Something made of a tensor that counts as a constant: tfjs has no gradient of what it is made by. */
function constant(x: tf.Tensor, make: (x: tf.Tensor) => tf.Tensor): tf.Tensor {
  return tf.customGrad((value) => ({
    value: make(value as tf.Tensor),
    gradFunc: () => tf.zerosLike(value as tf.Tensor),
  }))(x);
}

function oneHot(indices: tf.Tensor, depth: number): tf.Tensor {
  return tf.cast(tf.oneHot(tf.cast(indices, 'int32'), depth), 'float32');
}

/** The least distance from the mean of a class. */
function nearestMean(phi: tf.Tensor2D, parts: Parts): tf.Tensor1D {
  const means = matrix(parts.means, phi.shape[1]);
  const all = tf.unstack(means).map((mean) => form(tf.sub(phi, mean) as tf.Tensor2D, parts, ''));
  return tf.min(tf.stack(all, 1), 1);
}

/** `d^T P d` of each row; see `mahalanobis`. */
function form(d: tf.Tensor2D, parts: Parts, prefix: string): tf.Tensor1D {
  const vectors = matrix(parts[`${prefix}Vectors`], d.shape[1]);
  const rest = parts[`${prefix}Rest`] as number;
  const weights = tf.sub(vector(parts[`${prefix}Weights`]), rest);
  const along = tf.square(tf.matMul(d, vectors, false, true));
  return tf.add(tf.sum(tf.mul(along, weights), 1), tf.mul(rest, tf.sum(tf.square(d), 1))) as tf.Tensor1D;
}

function energyOf(phi: tf.Tensor2D, { weights, bias }: Parts): tf.Tensor1D {
  return tf.logSumExp(tf.add(tf.matMul(phi, matrix(weights, phi.shape[1]), false, true), vector(bias)), 1);
}

/** `e^(s1 / s2)` of each row, and which of its features are among the largest. */
function rise(phi: tf.Tensor2D, { percentile }: Parts): { readonly factor: tf.Tensor; readonly kept: tf.Tensor } {
  const size = phi.shape[1];
  const count = size - Math.round((size * (percentile as number)) / 100);
  const kept = constant(phi, (all) => tf.sum(oneHot(tf.topk(all, count).indices, size), 1));
  const sum = tf.sum(tf.mul(phi, kept), 1, true);
  const none = tf.equal(sum, 0);
  const exponent = tf.div(tf.sum(phi, 1, true), tf.where(none, tf.onesLike(sum), sum));
  const factor = tf.exp(tf.minimum(exponent, LARGEST_RISE));
  return { factor: tf.where(none, tf.onesLike(sum), factor), kept };
}
