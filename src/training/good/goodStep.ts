import * as tf from '@tensorflow/tfjs-core';
import { defaultEpsilon } from '../../attacks/attackDefaults';
import { checkSoftmaxHead } from '../../classifier/head';
import type { DataLike } from '../../classifier/labelledData';
import { layersModelOf } from '../../classifier/layersModelOf';
import type { Classifier, LabelledData, ModelLike } from '../../classifier/types';
import { unitBox } from '../../core/bounds';
import { resolveRng } from '../../core/resolveRng';
import { lpOut } from '../../losses/lpOut';
import { applyStep } from '../applyStep';
import { drawNoise } from '../cedaStep';
import { type OutPart, objectiveGradients } from '../objectiveGradients';
import { GOOD_KEYS, prepare } from '../prepare';
import type { GoodOptions, GradientsResult, StepResult } from '../types';
import { differenceSpan } from './modelSpan';

/**
 * One update of GOOD, guaranteed out-of-distribution detection: a low bound on the confidence in whole balls around noise
 * (Bitterwolf, Meinke and Hein, NeurIPS 2020).
 *
 * The objective is that of {@link goodGradients}, with epsilon and lambda as they are at this step. Without `rng`, the random stream
 * of a step is named by the seed and the number of updates the optimizer has made, so one `seed` serves a whole training and
 * no two steps see the same numbers.
 *
 * @param model - A LayersModel with trainable variables; they are updated in place.
 * @param optimizer - Any tfjs optimizer.
 * @param batch - `x` (or `xs`): `[B, ...inputShape]` inside the bounds; `y` (or `ys`): class indices `[B]` or one-hot rows `[B, K]`.
 * @returns What the step saw before its update, as scalars that the caller disposes.
 * @throws OverconfidenceError as {@link goodGradients}; `INVALID_ARGUMENT` for an optimizer that remembers other variables.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-layers';
 * import { dispose, tensor1d, tensor2d, train } from '@tensorflow/tfjs-core';
 * import { goodStep } from 'relu-overconfidence';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 3 })] });
 * const batch = { x: tensor2d([[0.1, 0.9], [0.8, 0.3]]), y: tensor1d([0, 2], 'int32') };
 * const optimizer = train.adam(0.01);
 * for (let step = 0; step < 10; step++) {
 *   const ramp = Math.min(1, step / 5); // epsilon and lambda rise over the first steps
 *   dispose(goodStep(model, optimizer, batch, { seed: 1, epsilon: 0.1 * ramp, lambda: ramp }));
 * }
 * ```
 */
export function goodStep(
  model: ModelLike,
  optimizer: tf.Optimizer,
  batch: DataLike,
  options: GoodOptions = {},
): StepResult {
  return applyStep('goodStep', goodGradientsOf, GOOD_KEYS, { model, optimizer, batch, options });
}

/**
 * Gradients of GOOD, guaranteed out-of-distribution detection (Bitterwolf, Meinke and Hein, NeurIPS 2020), without the update:
 * training with an upper bound on the confidence in a whole ball around noise, instead of an attack in it,
 *
 *     mean_i CE(f(x_i), y_i) + lambda * mean_j log(1 + u(z_j)^2 / 2),   z_j ~ p_out,
 *
 * divided by 1 + lambda, plus weight decay, where u(z) bounds every difference of two logits over the part of the box within an
 * L-infinity distance epsilon of z, by interval bound propagation with last-layer elision. Low bounds stay low whatever an
 * attacker does. Begin with small epsilon and lambda and raise both from step to step; from the start full ones
 * usually end in a constant classifier.
 *
 * With `quantile` q < 1 only the share q of the noise that has the lowest bounds is treated so; for the rest u is the range of the
 * logits at the point itself (GOOD_q in the paper), which costs less accuracy.
 *
 * The clean batch goes through the network in training mode; the bounds use it in inference mode, without dropout and with
 * the running averages of batch normalisation. Layers: Dense, Conv1D, Conv2D, Conv2DTranspose, DepthwiseConv2D,
 * BatchNormalization, Rescaling, ReLU, LeakyReLU, linear, relu and relu6 activations, pooling, Add, Average, Concatenate, Flatten,
 * Reshape, Permute, ZeroPadding2D, Cropping2D, UpSampling2D, dropout and noise layers, and models inside models. They are computed in float32 without outward rounding: to certify a network use
 * `certifiedMaxConfidence` of `relu-overconfidence/guarantees`.
 *
 * @param model - A LayersModel with trainable variables, or a Classifier made of one.
 * @param batch - `x` (or `xs`): `[B, ...inputShape]` inside the bounds; `y` (or `ys`): class indices `[B]` or one-hot rows `[B, K]`.
 * @returns Scalars and gradients; the caller disposes all of them. `outLoss` is the mean loss of the noise, and `outConfidence`
 *   the mean of the upper bounds on the confidence.
 * @throws OverconfidenceError as {@link cedaGradients}; `INVALID_OPTION` for `epsilon` or `quantile`; `UNSUPPORTED_MODEL`, naming
 *   the layer, for a layer not listed above or a model that does not show its layers.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-layers';
 * import { tensor1d, tensor2d } from '@tensorflow/tfjs-core';
 * import { goodGradients } from 'relu-overconfidence';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 3 })] });
 * const batch = { x: tensor2d([[0.1, 0.9], [0.8, 0.3]]), y: tensor1d([0, 2], 'int32') };
 * const { outConfidence } = goodGradients(model, batch, { epsilon: 0.1, seed: 1 });
 * console.log(await outConfidence.data());
 * ```
 */
export function goodGradients(model: ModelLike, batch: DataLike, options: GoodOptions = {}): GradientsResult {
  const { net, clean } = prepare('goodGradients', GOOD_KEYS, model, batch, options);
  return goodGradientsOf('goodGradients', net, clean, options);
}

/** The same on checked arguments. */
export function goodGradientsOf(
  fn: string,
  net: Classifier,
  clean: LabelledData,
  options: GoodOptions,
): GradientsResult {
  const { lambda = 1, weightDecay = 5e-4, classWeights, epsilon = defaultEpsilon(net.bounds), quantile = 1 } = options;
  const where = { fn, argument: 'model' };
  checkSoftmaxHead(where, net);
  const model = layersModelOf(where, net);
  const rng = resolveRng(options);
  const noise = drawNoise(fn, net, clean.x, { ...options, rng });
  const { box, into, outOf } = unitBox(fn, net.bounds);
  const differences = (reach: number) => {
    const middle = into(noise);
    return differenceSpan(fn, model, {
      lower: outOf(tf.clipByValue(tf.sub(middle, reach), ...box)),
      upper: outOf(tf.clipByValue(tf.add(middle, reach), ...box)),
    });
  };
  let easy: tf.Tensor1D | undefined;
  const certified = (): OutPart => {
    const bounds = differences(epsilon);
    const losses = goodLoss(largestDifference(bounds));
    const outConfidence = tf.mean<tf.Scalar>(confidenceBounds(bounds));
    if (easy === undefined) return { outLoss: tf.mean<tf.Scalar>(losses), outConfidence };
    const atPoints = goodLoss(largestDifference(differences(0)));
    const mixed = tf.add(tf.mul(losses, easy), tf.mul(atPoints, tf.sub(1, easy)));
    return { outLoss: tf.mean<tf.Scalar>(mixed), outConfidence };
  };
  try {
    // Which examples are easy is no matter of gradients.
    if (quantile < 1) easy = tf.tidy(() => smallest(largestDifference(differences(epsilon)), quantile));
    return objectiveGradients(fn, net, { clean, certified, lambda, weightDecay, classWeights, outLoss: lpOut, rng });
  } finally {
    tf.dispose([noise, easy ?? []]);
  }
}

/** The largest bound on a difference of two logits, per example: `[B]` from `[B, K, K]`. */
export function largestDifference(differences: tf.Tensor3D): tf.Tensor1D {
  return tf.max<tf.Tensor1D>(differences, [1, 2]);
}

/** The loss of GOOD, `log(1 + d^2 / 2)`, per example. */
export function goodLoss(largest: tf.Tensor1D): tf.Tensor1D {
  return tf.log(tf.add<tf.Tensor1D>(1, tf.div(tf.square(largest), 2)));
}

/** The bound on the confidence, `max_k 1 / sum_j exp(-u_kj)`, per example: `[B]` from `[B, K, K]`. */
export function confidenceBounds(differences: tf.Tensor3D): tf.Tensor1D {
  return tf.exp(tf.max<tf.Tensor1D>(tf.neg(tf.logSumExp(tf.neg(differences), 2)), 1));
}

/** 1 for the `quantile` of a batch with the smallest numbers, 0 for the others; of equals the first counts as smaller. */
export function smallest(values: tf.Tensor1D, quantile: number): tf.Tensor1D {
  const count = values.shape[0];
  const [row, column] = [tf.expandDims(values, 1), tf.expandDims(values, 0)];
  const places = tf.range(0, count);
  const earlier = tf.less(tf.expandDims(places, 0), tf.expandDims(places, 1));
  const before = tf.logicalOr(tf.less(column, row), tf.logicalAnd(tf.equal(column, row), earlier));
  const rank = tf.sum(tf.cast(before, 'float32'), 1);
  return tf.cast(tf.less<tf.Tensor1D>(rank, Math.ceil(quantile * count)), 'float32');
}
