import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { checkRbf } from './checkRbf';
import { RbfFeatures } from './rbfFeatures';
import { registerRbfLayer } from './registerRbfLayer';
import type { RbfNetwork } from './types';

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
