import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { isBatchNorm, isLayersModel, type Layer, walkLayers, weightsOf } from '../classifier/walkGraph';
import type { NewWeights } from './messages';

/** Every variable of a model once, in an order that freezing does not change (that of `model.weights` does). */
export function allVariables(model: LayersModel): tf.Variable[] {
  return [...new Set(allWeights(model).map((weight) => weight.read() as tf.Variable))];
}

function allWeights(model: LayersModel): Layer['weights'] {
  return walkLayers(model).flatMap(({ layer }) => weightsOf(layer));
}

/** For the model, each layer, nested models opened up, and each weight, which another model may freeze, whether it is trainable. */
export function trainableFlags(model: LayersModel): boolean[] {
  return trainableParts(model).map(({ trainable }) => trainable);
}

/** Freezes and thaws as {@link trainableFlags} says. */
export function setTrainable(model: LayersModel, flags: readonly boolean[]): void {
  // The weights come last, since whatever holds them decides about them too.
  for (const [i, part] of trainableParts(model).entries()) part.trainable = flags[i]!;
}

function trainableParts(model: LayersModel): { trainable: boolean }[] {
  return [...modelAndLayers(model), ...allWeights(model)];
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

/** The weights of the model of this process, kept where workers can read them. */
export interface SharedWeights {
  /** Reads the variables that have been assigned to since the last call and says which. */
  readonly refresh: () => Promise<NewWeights>;
  /** All weights as they were at the last refresh. */
  readonly all: () => NewWeights;
}

/** Sets aside memory for the values of `variables`, shared between threads where the platform allows it. */
export function sharedWeights(variables: readonly tf.Variable[]): SharedWeights {
  const size = variables.reduce((sum, variable) => sum + variable.size, 0);
  const values =
    typeof SharedArrayBuffer === 'undefined'
      ? new Float32Array(size)
      : new Float32Array(new SharedArrayBuffer(size * Float32Array.BYTES_PER_ELEMENT));
  // An assignment gives a variable another dataId, so equal ones mean equal values.
  const seen: (object | undefined)[] = variables.map(() => undefined);
  return {
    refresh: async () => {
      const changed: number[] = [];
      let start = 0;
      for (const [i, variable] of variables.entries()) {
        const { dataId } = variable;
        if (seen[i] !== dataId) {
          values.set(await variable.data<'float32'>(), start);
          seen[i] = dataId;
          changed.push(i);
        }
        start += variable.size;
      }
      return { kind: 'weights', values, changed };
    },
    all: () => ({ kind: 'weights', values, changed: [...variables.keys()] }),
  };
}
