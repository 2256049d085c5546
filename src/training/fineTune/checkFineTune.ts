import type * as tf from '@tensorflow/tfjs-core';
import { maxConfidenceAttack } from '../../attacks/maxConfidenceAttack';
import { asClassifier } from '../../classifier/asClassifier';
import { type DataLike, labelledData } from '../../classifier/labelledData';
import type { Classifier, LabelledData, ModelLike } from '../../classifier/types';
import { checkFunction, checkNonNegative, checkOneOf, checkPositive, checkWhole, refuse, show } from '../../core/check';
import { checkKeys, type KeysOf } from '../../core/checkKeys';
import { lossesOf } from '../../losses/headLosses';
import { storeOf } from '../checkFit';
import type { CheckpointStore } from '../fileCheckpoint';
import { ACET_KEYS, prepareData } from '../prepare';
import { learningVariables } from './learningLayers';
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
  checkPositive({ fn, argument: 'learningRate' }, learningRate);
  checkNonNegative({ fn, argument: 'tolerance' }, tolerance);
  if (options.samples !== undefined) checkWhole({ fn, argument: 'samples' }, options.samples);
  if (options.memory !== undefined) checkPositive({ fn, argument: 'memory' }, options.memory);
  if (force !== undefined && typeof force !== 'boolean')
    refuse({ fn, argument: 'force' }, 'INVALID_OPTION', 'true or false', show(force), 'Leave it out.');
  for (const argument of ['onCheck', 'onStep'] as const)
    if (options[argument] !== undefined) checkFunction({ fn, argument }, options[argument]);
  checkValidation(fn, net, options.validation);
  const { lambda = 0.3, weightDecay = 5e-4, attack = maxConfidenceAttack, outLoss = lossesOf(net).logOdds } = options;
  return {
    net,
    data,
    variables: learningVariables(fn, net, layers),
    options: {
      ...options,
      ...{ method, layers, updates, batchSize, noiseSize, learningRate, tolerance, checkEvery, checkpointEvery },
      ...{ lambda, weightDecay, steps, attack, outLoss },
    },
    store: storeOf(fn, options.checkpoint),
  };
}
