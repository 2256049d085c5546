import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { isBatchNorm, isLayersModel, walkLayers } from '../classifier/walkLayers';

/** Every variable of a model once, in an order that freezing does not change (that of `model.weights` does). */
export function allVariables(model: LayersModel): tf.Variable[] {
  const weights = walkLayers(model).flatMap(({ layer }) => layer.weights);
  return [...new Set(weights.map((weight) => weight.read() as tf.Variable))];
}

/** For the model and each layer, nested models opened up, whether it is trainable. */
export function trainableFlags(model: LayersModel): boolean[] {
  return modelAndLayers(model).map(({ trainable }) => trainable);
}

/** Freezes and thaws as {@link trainableFlags} says. */
export function setTrainable(model: LayersModel, flags: readonly boolean[]): void {
  for (const [i, part] of modelAndLayers(model).entries()) part.trainable = flags[i]!;
}

function modelAndLayers(model: LayersModel): { trainable: boolean }[] {
  return [model, ...model.layers.flatMap((layer) => (isLayersModel(layer) ? modelAndLayers(layer) : [layer]))];
}

/** Layers that in training, too, do the same to each example whatever else is in the batch, and draw nothing at random. */
const ROW_BY_ROW: ReadonlySet<string> = new Set([
  ...['InputLayer', 'Dense', 'Flatten', 'Reshape', 'Permute', 'RepeatVector', 'Embedding', 'LayerNormalization'],
  ...['Activation', 'ReLU', 'LeakyReLU', 'PReLU', 'ELU', 'ThresholdedReLU', 'Softmax', 'Rescaling'],
  ...['Conv1D', 'Conv2D', 'Conv2DTranspose', 'Conv3D', 'Conv3DTranspose', 'SeparableConv2D', 'DepthwiseConv2D'],
  ...['MaxPooling1D', 'MaxPooling2D', 'MaxPooling3D', 'AveragePooling1D', 'AveragePooling2D', 'AveragePooling3D'],
  ...['GlobalMaxPooling1D', 'GlobalMaxPooling2D', 'GlobalAveragePooling1D', 'GlobalAveragePooling2D'],
  ...['Add', 'Multiply', 'Average', 'Maximum', 'Minimum', 'Concatenate', 'Dot'],
  ...['ZeroPadding2D', 'Cropping2D', 'UpSampling2D'],
]);

/**
 * Whether a training pass can be computed on parts of a batch. Batch normalisation couples examples unless it is frozen,
 * dropout draws one stream of random numbers for all, and of layers that are not known nothing can be said.
 */
export function isRowByRow(model: LayersModel): boolean {
  return walkLayers(model).every(
    ({ layer, frozen }) => ROW_BY_ROW.has(layer.getClassName()) || (frozen && isBatchNorm(layer)),
  );
}
