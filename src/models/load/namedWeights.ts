import type { LayersModel } from '@tensorflow/tfjs-layers';
import { isLayersModel, type Layer, weightsOf } from '../../classifier/walkLayers';

/** A weight of a layer, and the names of the models that the layer lies in, from the outside. */
export interface NamedWeight {
  readonly weight: Layer['weights'][number];
  readonly path: readonly string[];
}

/** All weights of a model, those of models within it too, each once. */
export function namedWeights(model: LayersModel): NamedWeight[] {
  const seen = new Set<number>();
  return weightsIn(model, []).filter(({ weight }) => !seen.has(weight.id) && seen.add(weight.id));
}

function weightsIn(model: LayersModel, around: readonly string[]): NamedWeight[] {
  const path = [...around, model.name];
  return model.layers.flatMap((layer) =>
    isLayersModel(layer) ? weightsIn(layer, path) : weightsOf(layer).map((weight) => ({ weight, path })),
  );
}
