import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { fromGraphModel, outputNames } from '../classifier/fromGraphModel';
import { modelGraph } from '../classifier/net/modelGraph';
import { readGraph } from '../classifier/net/readGraph';
import type { Network, Operation } from '../classifier/net/types';
import { applied } from '../classifier/rightKernels';
import { outputIndex } from '../classifier/view';
import { isLayersModel, type Layer } from '../classifier/walkGraph';
import { checkKeys, type KeysOf, refuse, show } from '../core/check';
import { readNow } from '../core/readNow';
import { createRng } from '../core/rng';
import { layerOf, type Making } from './graph/layerOf';
import { simplify } from './graph/simplify';

/** What {@link toLayersModel} may be told about a GraphModel. */
export interface ToLayersModelOptions {
  /** Name of the output to keep, of a model with several. @defaultValue the only one */
  readonly output?: string;
  /** Shape of one input without the batch axis, for a model that leaves it open. @defaultValue read from the model */
  readonly inputShape?: readonly number[];
}

const fn = 'toLayersModel';
const where = { fn, argument: 'model' };
const KEYS: KeysOf<ToLayersModelOptions> = { output: true, inputShape: true };

/**
 * Builds the LayersModel of the same function from a GraphModel, so that it can be trained, and so that rays, regions, certificates
 * and guarantees can look into it.
 *
 * Convolutions, depthwise and transposed ones, products, BiasAdd, FusedBatchNorm, Relu, Relu6 and other activations, pooling, Mean,
 * Max and Sum over all pixels, padding, reshaping, transposing, cropping, resizing by whole numbers, sums, products and
 * maxima of results, ConcatV2, Softmax and Sigmoid become layers that carry the name of their node. Constants of channels after a
 * convolution or a product become part of its kernel and bias; a number for all entries becomes a Rescaling; other constants of
 * channels become a BatchNormalization that is frozen, because nothing is known of the statistics behind them. A
 * FusedBatchNorm becomes one that is trained. Dropout is not in a graph any more and does not come back.
 *
 * What has been built is compared with the graph on one input, except on webgpu. The weights are copied; the caller owns
 * the model and frees it with `model.dispose()`, and the GraphModel stays the caller's too.
 *
 * @param model - A GraphModel, loaded by `tf.loadGraphModel`, with one input.
 * @returns A model from `[B, ...inputShape]` to the output of the graph, float32, which its function agrees with up to 1e-5.
 * @throws OverconfidenceError `INVALID_ARGUMENT` if it is no GraphModel; `INVALID_OPTION` for an unknown output or option;
 *   `UNSUPPORTED_MODEL`, naming the node and its operation, for what no layer computes.
 *
 * @example
 * ```ts no-run
 * import '@tensorflow/tfjs-backend-cpu';
 * import { loadGraphModel } from '@tensorflow/tfjs-converter';
 * import { toLayersModel } from 'relu-overconfidence/models';
 * import { toPiecewiseAffine } from 'relu-overconfidence/regions';
 *
 * const graphModel = await loadGraphModel('https://example.org/model.json');
 * const model = toLayersModel(graphModel);
 * const net = toPiecewiseAffine(model); // rays, regions, certificates
 * ```
 */
export function toLayersModel(model: tf.InferenceModel, options: ToLayersModelOptions = {}): LayersModel {
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const graph = isObject(model) && !isLayersModel(model) ? modelGraph(model) : undefined;
  if (graph === undefined)
    refuse(
      where,
      'INVALID_ARGUMENT',
      'a GraphModel',
      show(model),
      'Load it with tf.loadGraphModel; a LayersModel needs no conversion.',
    );
  const names = outputNames(model);
  const output = names[outputIndex(names, options.output, fn)]!;
  const view = fromGraphModel(model, { ...options, output }, fn);
  const reading = readGraph(model, output, view.inputShape);
  if ('unreadable' in reading) return unsupported(reading.unreadable);
  let made: LayersModel;
  tf.tidy(() => {
    made = buildModel(simplify(reading.network), ({ name, kind }, why) =>
      unsupported(`node "${name}" (${graph.nodes[name]?.op ?? kind}): ${why}`),
    );
    const same = computesTheSame(view.whole, made, view.inputShape);
    if (!same) made.dispose();
    if (!same) unsupported('a graph that computes something else than the layers that were read of it');
  });
  return made!;
}

/** Two ways to compute the same agree at least to this part of the largest result. */
const SAME = 1e-3;

/** Whether a model computes what a graph does on one input, as far as that can be seen. */
function computesTheSame(
  whole: (x: tf.Tensor, training: boolean) => tf.Tensor,
  made: LayersModel,
  inputShape: readonly number[],
) {
  const rng = createRng(1812);
  const values = Float32Array.from({ length: inputShape.reduce((a, b) => a * b, 1) }, () => rng.uniform());
  const x = tf.tensor(values, [1, ...inputShape]);
  const [expected, got] = [whole(x, false), applied(made, [x])].map(
    (tensor) => readNow(tensor) as Float32Array | undefined,
  );
  if (expected === undefined || got === undefined) return true;
  const slack = SAME * expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return got.length === expected.length && got.every((value, i) => Math.abs(value - expected[i]!) <= slack);
}

function unsupported(got: string): never {
  return refuse(
    where,
    'UNSUPPORTED_MODEL',
    'a graph of operations that layers of tfjs compute',
    got,
    'Use classifier(model), which runs the graph itself, or convert the original model to a LayersModel.',
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

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
