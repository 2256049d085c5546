import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { checkRbf, type RbfNetwork } from './checkRbf';

/** How a layer of radial features is made. */
interface RbfFeaturesConfig {
  /** Number of centres. */
  readonly units: number;
  readonly gamma: number;
  readonly name?: string;
  readonly trainable?: boolean;
}

/** Features `exp(-gamma |x - c_l|^2)`: from `[B, d]` to `[B, units]`, with the centres `[units, d]` as its only weight. */
class RbfFeatures extends layers.Layer {
  static readonly className = 'RbfFeatures';
  private readonly units: number;
  private readonly gamma: number;

  constructor(config: RbfFeaturesConfig) {
    super({ ...config });
    this.units = config.units;
    this.gamma = config.gamma;
  }

  override build(inputShape: (number | null)[]): void {
    this.addWeight('centres', [this.units, inputShape.at(-1)!], 'float32', initializers.zeros());
    this.built = true;
  }

  override computeOutputShape(inputShape: (number | null)[]): (number | null)[] {
    return [inputShape[0]!, this.units];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0]! : inputs) as tf.Tensor2D;
      const centres = this.weights[0]!.read() as tf.Tensor2D;
      const products = tf.matMul(x, centres, false, true);
      const squares = tf.add(tf.sum(tf.square(x), 1, true), tf.sum(tf.square(centres), 1));
      return tf.exp(tf.mul(-this.gamma, tf.relu(tf.sub(squares, tf.mul(2, products)))));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), units: this.units, gamma: this.gamma };
  }
}

/**
 * Makes the layer of {@link rbfModel} known to tfjs, so that `tf.loadLayersModel` can load a model that was saved. Making
 * a model does this already; calling it twice does no harm.
 *
 * @example
 * ```ts
 * import { registerRbfLayer } from 'relu-overconfidence/theory';
 *
 * registerRbfLayer();
 * ```
 */
export function registerRbfLayer(): void {
  tf.serialization.registerClass(RbfFeatures);
}

/**
 * An RBF network as a tfjs LayersModel, so that everything that takes a model can be done with it: attacks, evaluation,
 * further training.
 *
 * It has a layer of features `exp(-gamma |x - c_l|^2)`, whose centres are not trainable, and a dense layer without bias.
 * The features are computed in float32 from `|x|^2 - 2 x.c + |c|^2`. The model can be saved; before it is loaded in
 * another process, {@link registerRbfLayer} must be called there. The caller owns the model and frees it with
 * `model.dispose()`.
 *
 * @param net - See {@link rbfNetwork}.
 * @returns A model from `[B, ...inputShape]` to logits `[B, K]`, float32.
 * @throws OverconfidenceError `INVALID_ARGUMENT`, `INVALID_SHAPE` or `NON_FINITE` for `net`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { confidences, uniformNoise } from 'relu-overconfidence';
 * import { twoMoons } from 'relu-overconfidence/datasets';
 * import { rbfModel, rbfNetwork } from 'relu-overconfidence/theory';
 *
 * const model = rbfModel(rbfNetwork({ ...twoMoons({ points: 60, seed: 1 }), centres: 8 }));
 * console.log(await confidences(model, uniformNoise([3, 2], { seed: 1 }))); // Float64Array(3) [ ... ]
 * ```
 */
export function rbfModel(net: RbfNetwork): LayersModel {
  checkRbf('rbfModel', net);
  registerRbfLayer();
  const { inputShape, inputSize, classes, centres, gamma, weights } = net;
  const units = centres.length / inputSize;
  const model = sequential({ name: 'rbf' });
  model.add(layers.inputLayer({ inputShape: [...inputShape], name: 'input' }));
  if (inputShape.length > 1) model.add(layers.flatten({ name: 'flatten' }));
  const features = new RbfFeatures({ units, gamma, name: 'features', trainable: false });
  const logits = layers.dense({ units: classes, useBias: false, name: 'logits' });
  model.add(features);
  model.add(logits);
  tf.tidy(() => {
    features.setWeights([tf.tensor2d(Float32Array.from(centres), [units, inputSize])]);
    logits.setWeights([tf.transpose(tf.tensor2d(Float32Array.from(weights), [classes, units]))]);
  });
  return model;
}
