import * as tf from '@tensorflow/tfjs-core';
import { defaultEpsilon } from '../../attacks/attackDefaults';
import { layersModelOf } from '../../classifier/layersModelOf';
import type { Classifier, LabelledData, ModelLike } from '../../classifier/types';
import { resolveRng } from '../../core/resolveRng';
import { lpOut } from '../../losses/lpOut';
import { drawNoise } from '../cedaGradients';
import { type OutPart, objectiveGradients } from '../objectiveGradients';
import { prepare } from '../prepare';
import type { GoodOptions, GradientsResult } from '../types';
import { confidenceBounds, goodLoss, largestDifference, smallest } from './goodLoss';
import { differenceSpan } from './modelSpan';

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
 * the running averages of batch normalisation. Layers: Dense, Conv2D, DepthwiseConv2D, BatchNormalization, ReLU, LeakyReLU,
 * linear, relu and relu6 activations, pooling, Add, Concatenate, Flatten, Reshape, ZeroPadding2D, dropout and noise layers, and
 * models inside models. They are computed in float32 without outward rounding: to certify a network use
 * `certifiedMaxConfidence` of `relu-overconfidence/guarantees`.
 *
 * @param model - A LayersModel with trainable variables, or a Classifier made of one.
 * @param batch - `x`: `[B, ...inputShape]` inside the bounds; `y`: class indices `[B]` or one-hot rows `[B, K]`.
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
export function goodGradients(model: ModelLike, batch: LabelledData, options: GoodOptions = {}): GradientsResult {
  const net = prepare('goodGradients', model, batch, options);
  return goodGradientsOf('goodGradients', net, batch, options);
}

/** The same on checked arguments. */
export function goodGradientsOf(
  fn: string,
  net: Classifier,
  clean: LabelledData,
  options: GoodOptions,
): GradientsResult {
  const { lambda = 1, weightDecay = 5e-4, epsilon = defaultEpsilon(net.bounds), quantile = 1 } = options;
  const model = layersModelOf({ fn, argument: 'model' }, net);
  const rng = resolveRng(options);
  const noise = drawNoise(fn, net, clean.x, { ...options, rng });
  const [low, high] = net.bounds;
  const differences = (reach: number) =>
    differenceSpan(fn, model, {
      lower: tf.clipByValue(tf.sub(noise, reach), low, high),
      upper: tf.clipByValue(tf.add(noise, reach), low, high),
    });
  // Which examples are easy is no matter of gradients.
  const easy = quantile < 1 ? tf.tidy(() => smallest(largestDifference(differences(epsilon)), quantile)) : undefined;
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
    return objectiveGradients(fn, net, { clean, certified, lambda, weightDecay, outLoss: lpOut, rng });
  } finally {
    tf.dispose(easy === undefined ? noise : [noise, easy]);
  }
}
