import * as tf from '@tensorflow/tfjs-core';
import { model as buildModel, type LayersModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { fusedInto, type GraphNode, modelGraph, outputNode } from './net/modelGraph';
import { applied, executed } from './rightKernels';
import { isLayersModel, type Layer, weightsOf } from './walkGraph';

/** Runs a model up to some tensor inside it, in training mode or not. */
export type Forward = (x: tf.Tensor, training: boolean) => tf.Tensor;

/** The last function that a model applies to its output. */
export interface Ending {
  /** Its name as tfjs-layers writes it, 'linear' for none; `undefined` where it cannot be told. */
  readonly activation: string | undefined;
  /** The model without it, on the same weights; `undefined` where it cannot be taken off. */
  readonly before?: Forward | undefined;
}

/** Layers that compute a non-linear function of their own around what their configuration calls an activation. */
const RECURRENT = ['SimpleRNN', 'GRU', 'LSTM', 'ConvLSTM2D', 'RNN', 'Bidirectional'];

/** How a LayersModel arrives at one of its outputs, nested models opened up. */
export function endingOf(model: LayersModel, output: SymbolicTensor): Ending {
  const { sourceLayer: last, inputs } = output;
  const inner = inputs.length === 1 ? inputs[0] : undefined;
  if (inner === undefined) return { activation: undefined };
  if (isLayersModel(last)) {
    const { activation, before } = endingOf(last, last.outputs[output.tensorIndex]!);
    if (before === undefined) return { activation };
    const start = run(model, inner);
    return { activation, before: (x, training) => before(start(x, training), training) };
  }
  const name = last.getClassName();
  // Seen through, but not taken apart: what lies before the activation has another shape.
  if (name === 'Flatten' || name === 'Reshape') return { activation: endingOf(model, inner).activation };
  const activation = RECURRENT.includes(name) ? undefined : activationOf(last);
  if (activation === undefined || activation === 'linear') return { activation };
  if (['Softmax', 'Activation'].includes(name)) return { activation, before: run(model, inner) };
  if (name !== 'Dense' || inner.shape.length !== 2) return { activation };
  const start = run(model, inner);
  return { activation, before: (x, training) => affine(start(x, training), last) };
}

function activationOf(layer: Layer): string | undefined {
  const { activation, axis, maxValue } = layer.getConfig();
  const name = layer.getClassName();
  if (name === 'Softmax')
    return [-1, layer.outputShape.length - 1].includes(Number(axis ?? -1)) ? 'softmax' : 'softmax over another axis';
  if (name === 'ReLU') return typeof maxValue === 'number' ? `relu up to ${maxValue}` : 'relu';
  return typeof activation === 'string' ? activation : undefined;
}

/** The model up to one of its inner tensors; its input itself needs no model. */
export function run(model: LayersModel, until: SymbolicTensor): Forward {
  if (model.inputs.includes(until)) return (x) => x;
  const part = buildModel({ inputs: model.inputs, outputs: until });
  return (x, training) => applied(part, [x], training);
}

/** What a dense layer computes before its activation. */
function affine(x: tf.Tensor, dense: Layer): tf.Tensor {
  const [kernel, bias] = weightsOf(dense).map((weight) => weight.read());
  const product = tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D);
  return bias === undefined ? product : tf.add(product, bias);
}

/** Operations of TensorFlow that are a last activation, by the name that tfjs-layers gives them. */
const OPERATIONS: Readonly<Record<string, string>> = {
  Softmax: 'softmax',
  LogSoftmax: 'logSoftmax',
  Sigmoid: 'sigmoid',
  Tanh: 'tanh',
  Relu6: 'relu6',
  Relu: 'relu',
  MatMul: 'linear',
  BiasAdd: 'linear',
  _FusedMatMul: 'linear',
};

/** How a GraphModel arrives at the output of this name, read from its graph where tfjs-converter shows it. */
export function graphEnding(model: tf.InferenceModel, output: string): Ending {
  const { activation, until } = graphEnd(model, output);
  if (until === undefined) return { activation };
  return { activation, before: (x) => executed(model, x, [until])[0]! };
}

/** The last function of a GraphModel, and the name of what a softmax or sigmoid is applied to. */
export function graphEnd(
  model: tf.InferenceModel,
  output: string,
): Pick<Ending, 'activation'> & { readonly until?: string } {
  const graph = modelGraph(model);
  let node = graph && outputNode(graph, output);
  let direct = true;
  while (node !== undefined && ['Identity', 'Reshape', 'Squeeze', 'Cast'].includes(node.op)) {
    direct &&= node.op === 'Identity';
    node = node.inputs[0];
  }
  // What is fused has the names of tfjs-layers already.
  const activation = node && (fusedActivation(node) ?? OPERATIONS[node.op]);
  const until = node?.op !== undefined && node.op in OPERATIONS ? node.inputNames[0] : undefined;
  const peelable = direct && ['softmax', 'sigmoid'].includes(activation ?? '') && fusedActivation(node!) === undefined;
  return peelable && until !== undefined ? { activation, until } : { activation };
}

/** The activation that was fused into a product, such as `sigmoid`. */
function fusedActivation(node: GraphNode): string | undefined {
  const last = fusedInto(node).at(-1);
  return last === 'biasadd' ? undefined : last;
}
