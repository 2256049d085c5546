import type * as tf from '@tensorflow/tfjs-core';
import { maxConfidenceAttack } from '../../attacks/maxConfidenceAttack';
import { asClassifier } from '../../classifier/asClassifier';
import { type DataLike, labelledData } from '../../classifier/labelledData';
import type { Classifier, LabelledData, ModelLike } from '../../classifier/types';
import { type Layer, walkGraph } from '../../classifier/walkGraph';
import {
  checkFraction,
  checkFunction,
  checkKeys,
  checkNonNegative,
  checkOneOf,
  checkPositive,
  checkWhole,
  type KeysOf,
  refuse,
  show,
} from '../../core/check';
import { lossesOf } from '../../losses/headLosses';
import { storeOf } from '../checkFit';
import type { CheckpointStore } from '../fileCheckpoint';
import { ACET_KEYS, prepareData } from '../prepare';
import { checkValidation } from './split';
import type { FineTuneOptions } from './types';

const { rng, ...STEP_KEYS } = ACET_KEYS;
const KEYS: KeysOf<FineTuneOptions> = {
  ...STEP_KEYS,
  method: true,
  layers: true,
  updates: true,
  batchSize: true,
  noiseSize: true,
  matching: true,
  learningRate: true,
  validation: true,
  tolerance: true,
  force: true,
  samples: true,
  checkEvery: true,
  memory: true,
  onCheck: true,
  onStep: true,
  checkpoint: true,
  checkpointEvery: true,
  signal: true,
};

/** The defaults that decide what is computed. */
type Decided =
  | 'method'
  | 'layers'
  | 'updates'
  | 'batchSize'
  | 'noiseSize'
  | 'matching'
  | 'learningRate'
  | 'tolerance'
  | 'checkEvery'
  | 'checkpointEvery'
  | 'lambda'
  | 'weightDecay'
  | 'steps'
  | 'attack'
  | 'outLoss';

/** A fine-tuning that may begin: everything checked, every default filled in. */
export interface FineTuneTask {
  readonly net: Classifier;
  readonly data: LabelledData;
  /** What learns. */
  readonly variables: readonly tf.Variable[];
  readonly options: FineTuneOptions & Required<Pick<FineTuneOptions, Decided>>;
  readonly store: CheckpointStore | undefined;
}

/** Looks at everything `fineTune` is given before any work starts. */
export function checkFineTune(model: ModelLike, given: DataLike, options: FineTuneOptions): FineTuneTask {
  const fn = 'fineTune';
  const data = labelledData({ fn, argument: 'data' }, given);
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const net = asClassifier(fn, model, data.x);
  prepareData(fn, net, data, options);
  const {
    method = 'acet',
    layers = 'all',
    updates = 1000,
    batchSize = 256,
    learningRate = 1e-3,
    tolerance = 0.5,
  } = options;
  const {
    checkEvery = Math.max(1, Math.round(updates / (layers === 'head' ? 5 : 20))),
    checkpointEvery = 50,
    steps = 5,
    noiseSize = Math.min(64, batchSize),
    matching = 0.5,
    force,
  } = options;
  checkOneOf({ fn, argument: 'method' }, method, ['acet', 'ceda']);
  for (const [argument, value] of Object.entries({ updates, batchSize, noiseSize, checkEvery, checkpointEvery, steps }))
    checkWhole({ fn, argument }, value);
  if (noiseSize > batchSize)
    refuse(
      { fn, argument: 'noiseSize' },
      'INVALID_OPTION',
      `at most batchSize, ${batchSize}: noise is made of the examples`,
      show(noiseSize),
      'Raise batchSize.',
    );
  checkFraction({ fn, argument: 'matching' }, matching);
  checkPositive({ fn, argument: 'learningRate' }, learningRate);
  checkNonNegative({ fn, argument: 'tolerance' }, tolerance);
  if (options.samples !== undefined) checkWhole({ fn, argument: 'samples' }, options.samples);
  if (options.memory !== undefined) checkPositive({ fn, argument: 'memory' }, options.memory);
  if (force !== undefined && typeof force !== 'boolean')
    refuse({ fn, argument: 'force' }, 'INVALID_OPTION', 'true or false', show(force), 'Leave it out.');
  for (const argument of ['onCheck', 'onStep'] as const)
    if (options[argument] !== undefined) checkFunction({ fn, argument }, options[argument]);
  checkValidation(fn, net, options.validation);
  const { lambda = 0.3, weightDecay = 0, attack = maxConfidenceAttack, outLoss = lossesOf(net).logOdds } = options;
  return {
    net,
    data,
    variables: learningVariables(fn, net, layers),
    options: {
      ...options,
      ...{ method, layers, updates, batchSize, noiseSize, learningRate, tolerance, checkEvery, checkpointEvery },
      ...{ matching, lambda, weightDecay, steps, attack, outLoss },
    },
    store: storeOf(fn, options.checkpoint),
  };
}

/** Layers that may lie between the dense layers of a head. */
const BESIDE = ['BatchNormalization', 'Activation', 'ReLU', 'LeakyReLU', 'PReLU', 'ELU', 'Softmax', 'Dropout'];

/** The trainable variables of the layers that are to learn. */
function learningVariables(
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
