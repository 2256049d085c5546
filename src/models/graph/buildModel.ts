import { input, type LayersModel, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Network, Operation } from '../../classifier/net/types';
import type { Layer } from '../../classifier/walkLayers';
import { layerOf, type Making } from './layerOf';

/**
 * A LayersModel that computes what a network does, with layers named as its operations; `refuse` is told what no layer
 * does.
 */
export function buildModel(network: Network, refuse: (operation: Operation, why: string) => never): LayersModel {
  const made: Layer[] = [];
  const apply: Making['apply'] = (layer, x, weights = []) => {
    made.push(layer);
    const inputs = [x].flat();
    const result = layer.apply(inputs.length === 1 ? inputs[0]! : inputs) as SymbolicTensor;
    layer.setWeights(weights);
    return result;
  };
  try {
    return assembled(network, apply, refuse);
  } catch (error) {
    for (const layer of made) if (layer.built) layer.dispose();
    throw error;
  }
}

function assembled(
  { inputShape, operations, output }: Network,
  apply: Making['apply'],
  refuse: (operation: Operation, why: string) => never,
): LayersModel {
  const used = new Set<string>();
  const unique = (name: string): string => {
    let made = name;
    for (let n = 1; used.has(made); n++) made = `${name}_${n}`;
    used.add(made);
    return made;
  };
  const readers = operations.map((_, id) => operations.filter(({ inputs }) => inputs.includes(id)));
  const start = input({ shape: [...inputShape], name: unique(bare(operations[0]!.name)) });
  const results: (SymbolicTensor | undefined)[] = [start];
  for (const [id, operation] of operations.entries()) {
    if (id === 0 || results[id] !== undefined) continue;
    const inputs = operation.inputs.map((place) => results[place]!);
    const next = id === output ? undefined : fusedActivation(operation, readers[id]!);
    results[id] = layerOf(operation, {
      inputs,
      apply,
      shapes: operation.inputs.map((place) => operations[place]!.shape),
      activation: next?.name,
      name: (what) => unique(what === undefined ? operation.name : `${operation.name}/${what}`),
      refuse: (why) => refuse(operation, why),
    });
    if (next !== undefined) results[operations.indexOf(next.operation)] = results[id];
  }
  if (output === 0) refuse(operations[0]!, 'the input itself');
  return model({ inputs: start, outputs: results[output]! });
}

/** The activation that a layer of weights does itself: that of the only operation that reads it. */
function fusedActivation({ kind }: Operation, readers: readonly Operation[]) {
  const [operation, ...others] = readers;
  if (operation?.kind !== 'activation' || others.length > 0) return undefined;
  const { name } = operation.activation;
  const able = ['conv2d', 'depthwiseConv2d', 'conv2dTranspose', 'dense'].includes(kind);
  return able && OWN_ACTIVATIONS.has(name) ? { name, operation } : undefined;
}

/** Activations that layers with weights have; a softmax or sigmoid at the end is better seen as a layer of its own. */
const OWN_ACTIVATIONS: ReadonlySet<string> = new Set(['relu', 'relu6', 'elu', 'selu', 'tanh', 'softplus', 'softsign']);

function bare(name: string): string {
  return name.replace(/:\d+$/, '');
}
