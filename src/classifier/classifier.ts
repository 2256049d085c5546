import type * as tf from '@tensorflow/tfjs-core';
import { checkBounds, checkOneOf, checkWhole, refuse, show } from '../core/check';
import { checkNotProbabilities } from './checkNotProbabilities';
import { fromFunction } from './fromFunction';
import { fromLayersModel } from './fromLayersModel';
import type { Classifier, ClassifierOptions, ModelLike } from './types';
import { isLayersModel } from './walkLayers';

/**
 * Makes a {@link Classifier} of a tfjs model or a function, once, so that everything else in the library can ask for
 * logits and gradients without knowing what is inside.
 *
 * A LayersModel that ends in a softmax (an activation or a layer) gives its logits: the softmax is taken off, the weights
 * are shared and nothing is copied. Training goes on changing the model that was passed in. Where the softmax sits inside
 * another layer, and for GraphModels and functions with `outputs: 'probabilities'`, log-probabilities serve as logits;
 * probabilities that have rounded to 0 then have no gradient.
 *
 * @param model - A LayersModel with one input and one output `[batch, classes]`, a GraphModel, a function, or a
 *   Classifier (returned as it is).
 * @returns A view of the model; it owns no tensors and needs no disposal.
 * @throws OverconfidenceError `PROBABILITIES_AS_LOGITS` if the model returns probabilities but was taken to return
 *   logits (found by asking it for four random inputs; not on webgpu); `UNSUPPORTED_MODEL` for several inputs or outputs
 *   or a single output unit; `INVALID_ARGUMENT` if a shape is unknown; `INVALID_OPTION` for other options out of range.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-layers';
 * import { classifier } from 'relu-overconfidence';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 3, activation: 'softmax' })] });
 * const net = classifier(model, { bounds: [-1, 1] });
 * console.log(net.classes, net.inputShape); // 3 [ 2 ]
 * ```
 */
export function classifier(model: ModelLike, options: ClassifierOptions = {}): Classifier {
  const { bounds = [0, 1], outputs = 'auto', classes, inputShape } = options;
  checkBounds({ fn: 'classifier', argument: 'bounds' }, bounds);
  checkOneOf({ fn: 'classifier', argument: 'outputs' }, outputs, ['auto', 'logits', 'probabilities']);
  if (classes !== undefined) checkWhole({ fn: 'classifier', argument: 'classes' }, classes, 2);
  inputShape?.forEach((size) => {
    checkWhole({ fn: 'classifier', argument: 'inputShape' }, size);
  });
  if (isClassifier(model)) return model;
  const made = adapt(model, { ...options, bounds, outputs });
  checkNotProbabilities(made);
  return made;
}

function adapt(
  model: Exclude<ModelLike, Classifier>,
  options: ClassifierOptions & Required<Pick<ClassifierOptions, 'bounds' | 'outputs'>>,
): Classifier {
  if (isLayersModel(model)) return fromLayersModel(model, options);
  if (typeof model === 'function') return fromFunction(model, options);
  if (isInferenceModel(model)) {
    const predict = (x: tf.Tensor) => model.predict(x, {}) as tf.Tensor2D;
    return fromFunction(predict, { ...shapeOf(model), ...options });
  }
  return refuse(
    { fn: 'classifier', argument: 'model' },
    'INVALID_ARGUMENT',
    'a LayersModel, a GraphModel, a function or a Classifier',
    show(model),
    'Load it with tf.loadLayersModel or tf.loadGraphModel first (and await it).',
  );
}

/** Whether a model has been through {@link classifier} already. */
export function isClassifier(model: unknown): model is Classifier {
  return model !== null && typeof model === 'object' && 'logits' in model && 'classes' in model && 'bounds' in model;
}

function isInferenceModel(model: unknown): model is tf.InferenceModel {
  return model !== null && typeof model === 'object' && 'predict' in model && 'execute' in model;
}

/** The input shape of a GraphModel, unless it leaves sizes open for the caller to give. */
function shapeOf(model: tf.InferenceModel): ClassifierOptions {
  const [, ...inputShape] = model.inputs[0]?.shape ?? [];
  return inputShape.length > 0 && inputShape.every((size) => size > 0) ? { inputShape } : {};
}
