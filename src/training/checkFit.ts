import { asClassifier } from '../classifier/asClassifier';
import { type DataLike, labelledData } from '../classifier/labelledData';
import type { Classifier, LabelledData, ModelLike } from '../classifier/types';
import { type Batches, isStream } from '../core/batches';
import { checkFunction, checkKeys, checkOneOf, checkWhole, type KeysOf, refuse, show } from '../core/check';
import { checkOptimizer } from './applyStep';
import { type CheckpointStore, fileCheckpoint } from './fileCheckpoint';
import type { FitMethod, FitOptions } from './fitTypes';
import { ACET_KEYS, prepareData, prepareNet } from './prepare';

const { rng, ...STEP_KEYS } = ACET_KEYS;
const KEYS: KeysOf<FitOptions> = {
  ...STEP_KEYS,
  quantile: true,
  method: true,
  epochs: true,
  batchSize: true,
  stepsPerEpoch: true,
  optimizer: true,
  schedule: true,
  ramp: true,
  augmentation: true,
  validation: true,
  onEpoch: true,
  onStep: true,
  checkpoint: true,
  checkpointEvery: true,
  signal: true,
};

/** The arguments of `fit`, checked, defaults filled in. */
export interface Loop {
  readonly net: Classifier;
  /** In memory, or a stream of batches. */
  readonly data: LabelledData | Batches<DataLike>;
  readonly validation: LabelledData | undefined;
  readonly method: FitMethod;
  readonly epochs: number;
  /** Of data in memory; a stream has batches of its own. */
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  readonly checkpointEvery: number;
  readonly store: CheckpointStore | undefined;
}

/** Looks at everything `fit` is given before any work starts. */
export function checkFit(model: ModelLike, given: DataLike | Batches<DataLike>, options: FitOptions): Loop {
  const fn = 'fit';
  const data = isStream<DataLike>(given) ? given : labelledData({ fn, argument: 'data' }, given);
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const validation =
    options.validation === undefined ? undefined : labelledData({ fn, argument: 'validation' }, options.validation);
  const net = 'x' in data ? asClassifier(fn, model, data.x) : classifierForStream(model);
  const { method = 'acet', epochs = 100, batchSize: asked = 128, checkpointEvery = 100 } = options;
  checkOneOf({ fn, argument: 'method' }, method, ['plain', 'ceda', 'acet', 'good']);
  checkWhole({ fn, argument: 'epochs' }, epochs);
  checkWhole({ fn, argument: 'batchSize' }, asked);
  checkWhole({ fn, argument: 'checkpointEvery' }, checkpointEvery);
  if ('x' in data) prepareData(fn, net, data, options);
  else prepareNet(fn, net, options);
  if (validation !== undefined) prepareData(fn, net, validation, {});
  const [batchSize, stepsPerEpoch] = 'x' in data ? stepsInMemory(data, asked, options) : stepsOfStream(options);
  if (typeof options.optimizer === 'string') checkOneOf({ fn, argument: 'optimizer' }, options.optimizer, ['adam']);
  else if (options.optimizer !== undefined) checkOptimizer(fn, options.optimizer);
  for (const argument of ['schedule', 'ramp', 'augmentation', 'onEpoch', 'onStep'] as const)
    if (options[argument] !== undefined) checkFunction({ fn, argument }, options[argument]);
  return {
    net,
    data,
    validation,
    method,
    epochs,
    batchSize,
    stepsPerEpoch,
    checkpointEvery,
    store: storeOf(fn, options.checkpoint),
  };
}

function stepsInMemory({ x }: LabelledData, asked: number, options: FitOptions): [batchSize: number, steps: number] {
  const examples = x.shape[0]!;
  const batchSize = Math.min(asked, examples);
  const { stepsPerEpoch = Math.floor(examples / batchSize) } = options;
  checkWhole({ fn: 'fit', argument: 'stepsPerEpoch' }, stepsPerEpoch);
  if (stepsPerEpoch * batchSize > examples)
    refuse(
      { fn: 'fit', argument: 'stepsPerEpoch' },
      'INVALID_OPTION',
      `at most the whole batches of the data, ${Math.floor(examples / batchSize)}`,
      String(stepsPerEpoch),
      'Lower it, and ask for more epochs.',
    );
  return [batchSize, stepsPerEpoch];
}

function stepsOfStream({ stepsPerEpoch, batchSize }: FitOptions): [batchSize: number, steps: number] {
  if (batchSize !== undefined)
    refuse(
      { fn: 'fit', argument: 'batchSize' },
      'INVALID_OPTION',
      'left out, since a stream has batches of its own',
      show(batchSize),
      'Make batches of that size in the stream, for example with `dataset.batch(128)`.',
    );
  if (stepsPerEpoch === undefined)
    refuse(
      { fn: 'fit', argument: 'stepsPerEpoch' },
      'INVALID_ARGUMENT',
      'the number of batches in an epoch, which a stream does not tell',
      show(stepsPerEpoch),
      'Pass for example `stepsPerEpoch: Math.floor(examples / 128)`.',
    );
  checkWhole({ fn: 'fit', argument: 'stepsPerEpoch' }, stepsPerEpoch);
  return [Number.NaN, stepsPerEpoch];
}

/** A function tells its shapes by the data, which have not come yet. */
function classifierForStream(model: ModelLike): Classifier {
  if (typeof model !== 'function') return asClassifier('fit', model, undefined);
  return refuse(
    { fn: 'fit', argument: 'model' },
    'INVALID_ARGUMENT',
    'a LayersModel or a classifier, where the data are a stream',
    show(model),
    'Wrap it: classifier(f, { inputShape, classes, variables }).',
  );
}

/** The place that a caller names for checkpoints. */
export function storeOf(fn: string, checkpoint: FitOptions['checkpoint']): CheckpointStore | undefined {
  if (checkpoint === undefined) return undefined;
  if (typeof checkpoint === 'string') return fileCheckpoint(checkpoint);
  if (typeof checkpoint?.read !== 'function' || typeof checkpoint.write !== 'function')
    refuse(
      { fn, argument: 'checkpoint' },
      'INVALID_ARGUMENT',
      'a file name, or an object with the functions read and write',
      show(checkpoint),
      "Pass for example 'training.checkpoint'.",
    );
  return checkpoint;
}
