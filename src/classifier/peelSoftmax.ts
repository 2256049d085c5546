import * as tf from '@tensorflow/tfjs-core';
import { model as buildModel, type LayersModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { isLayersModel, type Layer } from './walkLayers';

/** Runs a LayersModel up to its logits, in training mode or not. */
export type Forward = (x: tf.Tensor, training: boolean) => tf.Tensor;

/**
 * The model without a trailing softmax, on the same weights, or `undefined` when it does not end in a softmax that can
 * be taken off (a softmax inside a layer that is neither `Dense`, `Activation` nor `Softmax`).
 */
export function peelSoftmax(model: LayersModel): Forward | undefined {
  const output = model.outputs[0]!;
  const last = output.sourceLayer;
  const before = run(model, output.inputs[0]!);
  if (isLayersModel(last)) {
    const inner = peelSoftmax(last);
    return inner && ((x, training) => inner(before(x, training), training));
  }
  const name = last.getClassName();
  const activation = last.getConfig().activation;
  if (name === 'Softmax' || (name === 'Activation' && activation === 'softmax')) return before;
  if (name === 'Dense' && activation === 'softmax') return (x, training) => affine(before(x, training), last);
  return undefined;
}

/** Whether the last layer applies a softmax, wherever it is nested. */
export function endsInSoftmax(model: LayersModel): boolean {
  const last = model.outputs[0]!.sourceLayer;
  if (isLayersModel(last)) return endsInSoftmax(last);
  return last.getClassName() === 'Softmax' || last.getConfig().activation === 'softmax';
}

/** The model up to one of its inner tensors; its input itself needs no model. */
export function run(model: LayersModel, until: SymbolicTensor): Forward {
  if (model.inputs.includes(until)) return (x) => x;
  const part = buildModel({ inputs: model.inputs, outputs: until });
  return (x, training) => part.apply(x, { training }) as tf.Tensor;
}

/** What a dense layer computes before its activation. */
function affine(x: tf.Tensor, dense: Layer): tf.Tensor {
  const [kernel, bias] = dense.weights.map((weight) => weight.read());
  const product = tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D);
  return bias === undefined ? product : tf.add(product, bias);
}
