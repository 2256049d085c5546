import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { type Forward, run } from '../../classifier/peelSoftmax';
import { isLayersModel, type Layer } from '../../classifier/walkLayers';

/** A model cut in front of its last dense layer. */
export interface LastDense {
  /** The features phi that the layer reads. */
  readonly features: Forward;
  /** The layer that makes the logits. */
  readonly layer: Layer;
}

/** Layers and activations behind the dense layer that leave its logits as they are once a softmax is off. */
const AFTER = ['linear', 'softmax'];

/** The last dense layer of a model, or undefined if something else makes its logits. */
export function lastDense(model: LayersModel): LastDense | undefined {
  return denseOf(model, model.outputs[0]!);
}

function denseOf(model: LayersModel, output: SymbolicTensor): LastDense | undefined {
  const layer = output.sourceLayer;
  const before = output.inputs[0]!;
  if (isLayersModel(layer)) {
    const inner = lastDense(layer);
    const outer = run(model, before);
    return inner && { ...inner, features: (x, training) => inner.features(outer(x, training), training) };
  }
  const name = layer.getClassName();
  const leavesLogits = name === 'Softmax' || AFTER.includes(layer.getConfig().activation as string);
  if (!leavesLogits) return undefined;
  if (name === 'Dense') return { features: run(model, before), layer };
  return name === 'Softmax' || name === 'Activation' ? denseOf(model, before) : undefined;
}
