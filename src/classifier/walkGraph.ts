import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';

/** A layer at one of the places where it is used, with what is known of its inputs there. */
export interface LayerCall<T> {
  readonly layer: Layer;
  /** The result of the layer here. */
  readonly tensor: SymbolicTensor;
  readonly inputs: readonly T[];
  /** Whether that is a result of the outermost model, which no other layer reads. */
  readonly last: boolean;
}

/**
 * Finds out about some inner tensors of a model, its outputs if none are named, from what is known of its inputs: goes back
 * from them to the inputs and calls `read` once for every tensor on the way, inputs first. Models inside models are
 * opened up at every place where they are used, as far as the results used there need them.
 */
export function walkGraph<T>(
  model: LayersModel,
  inputs: readonly T[],
  read: (call: LayerCall<T>) => T,
  wanted: readonly SymbolicTensor[] = model.outputs,
): T[] {
  const valueAt = opened(model, inputs, read);
  return wanted.map((tensor) => valueAt(tensor, model.outputs.includes(tensor)));
}

/** One use of a model: the value of any of its tensors, each worked out when it is first asked for. */
function opened<T>(model: LayersModel, inputs: readonly T[], read: (call: LayerCall<T>) => T) {
  const known = new Map<SymbolicTensor, T>(model.inputs.map((tensor, i) => [tensor, inputs[i]!]));
  // Several results of one use of an inner model are told by their node.
  const uses = new Map<unknown, ReturnType<typeof opened<T>>>();
  const valueAt = (tensor: SymbolicTensor, last: boolean): T => {
    if (known.has(tensor)) return known.get(tensor)!;
    const layer = tensor.sourceLayer;
    const node = layer.inboundNodes.find(({ outputTensors }) => outputTensors.includes(tensor)) ?? tensor;
    const before = () => tensor.inputs.map((input) => valueAt(input, false));
    if (isLayersModel(layer) && !uses.has(node)) uses.set(node, opened(layer, before(), read));
    const value = isLayersModel(layer)
      ? uses.get(node)!(layer.outputs[tensor.outputTensorIndex ?? 0]!, last)
      : read({ layer, tensor, inputs: before(), last });
    known.set(tensor, value);
    return value;
  };
  return valueAt;
}

/** A layer of a LayersModel. */
export type Layer = LayersModel['layers'][number];

/** A layer found in a model, and whether it or a model around it is frozen (`trainable = false`). */
interface FoundLayer {
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
