import * as tf from '@tensorflow/tfjs-core';
import { initializers, layers } from '@tensorflow/tfjs-layers';

/** How a layer of radial features is made. */
export interface RbfFeaturesConfig {
  /** Number of centres. */
  readonly units: number;
  readonly gamma: number;
  readonly name?: string;
  readonly trainable?: boolean;
}

/** Features `exp(-gamma |x - c_l|^2)`: from `[B, d]` to `[B, units]`, with the centres `[units, d]` as its only weight. */
export class RbfFeatures extends layers.Layer {
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
