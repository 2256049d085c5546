import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { checkKeys, type KeysOf } from '../core/check';
import { heNormal } from '../core/heNormal';
import { checkModelOptions } from './checkModelOptions';

/** What {@link lenet} is to build. */
export interface LenetOptions {
  /** `[height, width, channels]` of one image. @defaultValue [28, 28, 1] */
  readonly inputShape?: readonly number[];
  /** Number of classes K >= 2. @defaultValue 10 */
  readonly classes?: number;
  /** Seed of the initial weights. @defaultValue 0 */
  readonly seed?: string | number;
}

const KEYS: KeysOf<LenetOptions> = { inputShape: true, classes: true, seed: true };

/**
 * Builds the LeNet of the paper's MNIST experiments: two times 5x5 convolution (32, then 64 filters, zero padding that
 * keeps the size), ReLU and 2x2 max-pooling, then 1024 ReLU units, then logits.
 *
 * Kernels start from N(0, 2 / fan-in), biases from zero; the same seed gives the same weights on every backend. Only
 * stock layers are used, so `model.save` and `tf.loadLayersModel` work as usual. The caller owns the model and frees it
 * with `model.dispose()`.
 *
 * @returns A model from `[B, ...inputShape]` to logits `[B, classes]`, float32, without a softmax.
 * @throws OverconfidenceError `INVALID_OPTION` if `inputShape` is not three whole sizes > 0, or `classes` < 2.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { lenet } from 'relu-overconfidence/models';
 *
 * const model = lenet({ inputShape: [28, 28, 1], classes: 10, seed: 0 });
 * console.log(model.countParams()); // 3274634
 * model.dispose();
 * ```
 */
export function lenet(options: LenetOptions = {}): LayersModel {
  checkKeys({ fn: 'lenet', argument: 'options' }, options, KEYS);
  const { inputShape = [28, 28, 1], classes = 10, seed = 0 } = options;
  checkModelOptions('lenet', { inputShape, classes, rank: 3 });
  const model = sequential({
    name: 'lenet',
    layers: [
      layers.inputLayer({ inputShape: [...inputShape], name: 'input' }),
      convolution(32, 'conv_1'),
      layers.maxPooling2d({ poolSize: 2, padding: 'same', name: 'pool_1' }),
      convolution(64, 'conv_2'),
      layers.maxPooling2d({ poolSize: 2, padding: 'same', name: 'pool_2' }),
      layers.flatten({ name: 'flatten' }),
      layers.dense({ units: 1024, activation: 'relu', kernelInitializer: 'heNormal', name: 'hidden' }),
      layers.dense({ units: classes, kernelInitializer: 'heNormal', name: 'logits' }),
    ],
  });
  heNormal(model, seed);
  return model;
}

function convolution(filters: number, name: string) {
  const kernelInitializer = 'heNormal';
  return layers.conv2d({ filters, kernelSize: 5, padding: 'same', activation: 'relu', kernelInitializer, name });
}
