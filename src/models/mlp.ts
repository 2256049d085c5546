import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { checkKeys, checkWhole, type KeysOf, refuse, show } from '../core/check';
import { heNormal } from '../core/heNormal';
import { checkModelOptions } from './checkModelOptions';

/** What {@link mlp} is to build. */
export interface MlpOptions {
  /** Shape of one input, without the batch axis; more than one axis is flattened first. */
  readonly inputShape: readonly number[];
  /** Number of units of each hidden layer, from input to output; `[]` makes a linear classifier. */
  readonly hidden: readonly number[];
  /** Number of classes K >= 2. */
  readonly classes: number;
  /** Seed of the initial weights. @defaultValue 0 */
  readonly seed?: string | number;
}

const KEYS: KeysOf<MlpOptions> = { inputShape: true, hidden: true, classes: true, seed: true };

/**
 * Builds a fully connected ReLU network: dense layers with ReLU, then a dense layer that returns logits.
 *
 * Kernels start from N(0, 2 / fan-in), biases from zero; the same seed gives the same weights on every backend. Only
 * stock layers are used, so `model.save` and `tf.loadLayersModel` work as usual. The caller owns the model and frees it
 * with `model.dispose()`.
 *
 * @returns A model from `[B, ...inputShape]` to logits `[B, classes]`, float32, without a softmax.
 * @throws OverconfidenceError `INVALID_OPTION` if a size is not a whole number > 0, or `classes` < 2.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { mlp } from 'relu-overconfidence/models';
 *
 * const model = mlp({ inputShape: [2], hidden: [100, 100], classes: 2, seed: 1 });
 * console.log(model.countParams()); // 10602
 * model.dispose();
 * ```
 */
export function mlp(options: MlpOptions): LayersModel {
  checkKeys({ fn: 'mlp', argument: 'options' }, options, KEYS);
  const { inputShape, hidden, classes, seed = 0 } = options;
  checkModelOptions('mlp', { inputShape, classes });
  if (!Array.isArray(hidden))
    refuse({ fn: 'mlp', argument: 'hidden' }, 'INVALID_OPTION', 'a list of sizes', show(hidden), 'Pass [100, 100].');
  for (const units of hidden) checkWhole({ fn: 'mlp', argument: 'hidden' }, units);
  const model = sequential({ name: 'mlp' });
  model.add(layers.inputLayer({ inputShape: [...inputShape], name: 'input' }));
  if (inputShape.length > 1) model.add(layers.flatten({ name: 'flatten' }));
  for (const [i, units] of hidden.entries())
    model.add(layers.dense({ units, activation: 'relu', kernelInitializer: 'heNormal', name: `hidden_${i + 1}` }));
  model.add(layers.dense({ units: classes, kernelInitializer: 'heNormal', name: 'logits' }));
  heNormal(model, seed);
  return model;
}
