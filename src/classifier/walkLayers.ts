import type { LayersModel, layers } from '@tensorflow/tfjs-layers';

/** A layer of a LayersModel. */
export type Layer = LayersModel['layers'][number];

/** A layer found in a model, and whether it or a model around it is frozen (`trainable = false`). */
export interface FoundLayer {
  readonly layer: Layer;
  readonly frozen: boolean;
}

/** All layers that compute, nested models opened up, in the model's own order. */
export function walkLayers(model: LayersModel, frozen = false): FoundLayer[] {
  return model.layers.flatMap((layer) => {
    const layerFrozen = frozen || !layer.trainable;
    return isLayersModel(layer) ? walkLayers(layer, layerFrozen) : [{ layer, frozen: layerFrozen }];
  });
}

/** The weights of a layer in the order of their making. Its own list begins with those that are trainable at the moment. */
export function weightsOf(layer: Layer): Layer['weights'] {
  return [...layer.weights].sort((a, b) => a.id - b.id);
}

/** Told by structure, not by class, so that a second copy of tfjs-layers in the tree does not matter. */
export function isLayersModel(value: unknown): value is LayersModel {
  return (
    value !== null && typeof value === 'object' && 'layers' in value && 'apply' in value && 'trainableWeights' in value
  );
}

/** A batch normalisation layer, told by its registered name. */
export function isBatchNorm(layer: Layer): layer is ReturnType<typeof layers.batchNormalization> {
  return layer.getClassName() === 'BatchNormalization';
}
