import * as tf from '@tensorflow/tfjs-core';
import { initializers, layers } from '@tensorflow/tfjs-layers';

type LayerArgs = NonNullable<ConstructorParameters<typeof layers.Layer>[0]>;

/** The Normalization layer of Keras, which tfjs-layers lacks: `(x - mean) / max(sqrt(variance), 1e-7)` over the last axis. */
class Normalization extends layers.Layer {
  static readonly className = 'Normalization';

  constructor(config: LayerArgs = {}) {
    super(config);
    this.trainable = false;
  }

  override build(inputShape: (number | null)[]): void {
    const shape = [inputShape.at(-1)!];
    this.addWeight('mean', shape, 'float32', initializers.zeros(), undefined, false);
    this.addWeight('variance', shape, 'float32', initializers.ones(), undefined, false);
    this.built = true;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const [x] = [inputs].flat() as [tf.Tensor];
      const [mean, variance] = this.weights.map((weight) => weight.read()) as [tf.Tensor, tf.Tensor];
      return tf.div(tf.sub(x, mean), tf.maximum(tf.sqrt(variance), 1e-7));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), axis: -1 };
  }
}

/** Makes the layer known to tfjs; more than once does no harm. */
export function registerNormalization(): void {
  tf.serialization.registerClass(Normalization);
}
