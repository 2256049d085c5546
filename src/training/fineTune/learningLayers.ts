import type * as tf from '@tensorflow/tfjs-core';
import type { Classifier } from '../../classifier/types';
import { walkGraph } from '../../classifier/walkGraph';
import type { Layer } from '../../classifier/walkLayers';
import { checkWhole, refuse, show } from '../../core/check';
import type { FineTuneOptions } from './types';

/** Layers that may lie between the dense layers of a head. */
const BESIDE = ['BatchNormalization', 'Activation', 'ReLU', 'LeakyReLU', 'PReLU', 'ELU', 'Softmax', 'Dropout'];

/** The trainable variables of the layers that are to learn. */
export function learningVariables(
  fn: string,
  net: Classifier,
  layers: NonNullable<FineTuneOptions['layers']>,
): readonly tf.Variable[] {
  if (layers === 'all') return net.variables;
  const where = { fn, argument: 'layers' };
  if (layers !== 'head' && typeof layers !== 'number')
    refuse(where, 'INVALID_OPTION', "'all', 'head' or a number", show(layers), "Pass for example 'head'.");
  if (typeof layers === 'number') checkWhole(where, layers);
  const model = net.layersModel;
  if (model === undefined)
    return refuse(
      where,
      'INVALID_OPTION',
      "'all' for a model that is not a LayersModel",
      show(layers),
      'Make a LayersModel of a GraphModel with toLayersModel.',
    );
  const used: Layer[] = [];
  walkGraph<undefined>(model, [undefined], ({ layer }) => {
    used.push(layer);
    return undefined;
  });
  const learning = layers === 'head' ? headOf(used) : withWeights(used).slice(-layers);
  const chosen = new Set<tf.Tensor>(learning.flatMap(({ weights }) => weights.map((weight) => weight.read())));
  const variables = net.variables.filter((variable) => chosen.has(variable));
  if (variables.length === 0)
    refuse(where, 'INVALID_OPTION', 'layers of which one is not frozen', show(layers), 'Take more layers, or all.');
  return variables;
}

/** The dense layers at the end, with what lies between them; of a model without other layers with weights the last one. */
function headOf(used: readonly Layer[]): readonly Layer[] {
  const last = used.findLastIndex((layer) => {
    const name = layer.getClassName();
    return !(BESIDE.includes(name) || (name === 'Dense' && layer.outputShape.length === 2));
  });
  const head = withWeights(used.slice(last + 1));
  return head.length < withWeights(used).length ? head : head.slice(-1);
}

function withWeights(layers: readonly Layer[]): readonly Layer[] {
  return [...new Set(layers)].filter(({ weights }) => weights.length > 0);
}
