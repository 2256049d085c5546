import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { differentiate } from '../../classifier/differentiate';
import { applied } from '../../classifier/rightKernels';
import type { Classifier } from '../../classifier/types';
import { onePair } from '../../core/bounds';
import { nextTask } from '../../core/pausing';
import { follow, type ProgressOptions } from '../../core/progress';
import type { Rng } from '../../core/rng';
import type { NoiseSampler } from '../../noise/options';
import { paperNoise } from '../../noise/paperNoise';
import { modelSpan } from '../../training/good/modelSpan';
import { noiseFor } from '../wrapper/inputs';
import { logSigmoid } from './discriminator';

/** How a discriminator is trained. Progress is counted in steps. */
export interface DiscriminatorTraining extends ProgressOptions {
  /** Passes over the data. @defaultValue 20 */
  readonly epochs?: number;
  /** Examples of the data, and as many of noise, per step. @defaultValue 128, or all of fewer examples */
  readonly batchSize?: number;
  /** Learning rate of Adam. @defaultValue 1e-3 */
  readonly learningRate?: number;
  /**
   * L-infinity radius of the ball around noise over which the score is bounded, in input units; it rises from 0 over the
   * first half of the training. @defaultValue 0.01 of the width of the bounds
   */
  readonly epsilon?: number;
  /**
   * Where the out-distribution samples come from; it is handed a batch of the data. {@link paperNoise} stands for the default.
   * @defaultValue the paper's noise, in the bounds
   */
  readonly noise?: NoiseSampler;
}

/** The trained last layer. */
export interface LastLayer {
  readonly weights: Float32Array;
  readonly bias: number;
}

/** What the bias is before training. */
const FIRST_BIAS = 3;

/** All that a training needs, checked. */
interface Task {
  readonly fn: string;
  /** The classifier that the discriminator is for. */
  readonly net: Classifier;
  readonly features: LayersModel;
  readonly x: tf.Tensor;
  readonly rng: Rng;
}

/**
 * Trains features and last layer of a discriminator inside the box, by
 *
 *     mean_i log(1 + exp(-g(x_i))) + mean_j log(1 + exp(max_{|u - z_j|_inf <= epsilon} g(u))),   z_j ~ p_out,
 *
 * the maximum replaced by its upper bound from interval propagation, as Meinke, Bitterwolf and Hein (2022) do.
 */
export async function trainDiscriminator(
  { fn, net, features, x, rng }: Task,
  options: DiscriminatorTraining,
): Promise<LastLayer> {
  const [low, high] = onePair({ fn, argument: 'bounds' }, net.bounds);
  const { epochs = 20, batchSize = 128, learningRate = 1e-3 } = options;
  const { epsilon = 0.01 * (high - low), noise: given = paperNoise } = options;
  // As a sampler it would draw from [0, 1], whatever the bounds.
  const noise = given === paperNoise ? noiseFor(net) : given;
  const count = x.shape[0]!;
  const size = Math.min(batchSize, count);
  const stepsPerEpoch = Math.floor(count / size);
  const total = epochs * stepsPerEpoch;
  const tell = follow(fn, options, total);
  const units = features.outputs[0]!.shape[1]!;
  // As large together as one feature, whatever their number.
  const w = tf.tidy(() => tf.variable(tf.fill([units], -Math.log(units))));
  const b = tf.tidy(() => tf.variable(tf.scalar(FIRST_BIAS)));
  const optimizer: tf.Optimizer = tf.train.adam(learningRate);
  const variables = [w, b, ...features.trainableWeights.map((weight) => weight.read() as tf.Variable)];
  const score = (phi: tf.Tensor) => tf.sub<tf.Tensor1D>(b, tf.dot(phi, tf.exp(w as tf.Tensor)));
  const meanLoss = (margin: tf.Tensor1D) => tf.neg(tf.mean<tf.Scalar>(logSigmoid(margin)));
  try {
    for (let step = 0; step < total; step++) {
      const stream = rng.fork('step').fork(step);
      const order = rng
        .fork('order')
        .fork(Math.floor(step / stepsPerEpoch))
        .permutation(count);
      const start = (step % stepsPerEpoch) * size;
      const reach = epsilon * Math.min(1, (2 * step) / total);
      tf.tidy(() => {
        const clean = tf.gather(x, tf.tensor1d(order.subarray(start, start + size), 'int32'));
        const out = tf.clipByValue(noise(clean, stream), low, high);
        const ball = {
          lower: tf.clipByValue(tf.sub(out, reach), low, high),
          upper: tf.clipByValue(tf.add(out, reach), low, high),
        };
        const objective = () => {
          const inside = score(applied(features, [clean]));
          const outside = score(modelSpan(fn, features, ball).lower);
          return tf.add<tf.Scalar>(meanLoss(inside), meanLoss(tf.neg(outside)));
        };
        const { grads } = differentiate(fn, () => tf.variableGrads(objective, variables));
        optimizer.applyGradients(grads);
      });
      tell(step + 1, 'steps');
      await nextTask();
    }
    const weights = tf.tidy(() => tf.neg(tf.exp(w as tf.Tensor)));
    const [values, [bias]] = [(await weights.data()) as Float32Array, await b.data()];
    weights.dispose();
    return { weights: Float32Array.from(values), bias: bias! };
  } finally {
    tf.dispose([w, b]);
    optimizer.dispose();
  }
}
