import type { Classifier, LabelledData } from '../classifier/types';
import { checkFunction, checkOneOf, checkWhole, refuse } from '../core/check';
import { checkOptimizer } from './applyStep';
import type { CheckpointStore } from './checkpointStore';
import { fileCheckpoint } from './fileCheckpoint';
import type { FitMethod, FitOptions } from './fitTypes';
import { prepareData } from './prepare';

/** The options of the loop, defaults filled in. */
export interface Loop {
  readonly method: FitMethod;
  readonly epochs: number;
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  readonly checkpointEvery: number;
  readonly store: CheckpointStore | undefined;
}

/** Looks at everything `fit` is given before any work starts. */
export function checkFit(net: Classifier, data: LabelledData, options: FitOptions): Loop {
  const fn = 'fit';
  const { method = 'acet', epochs = 100, batchSize = 128, checkpointEvery = 100 } = options;
  checkOneOf({ fn, argument: 'method' }, method, ['plain', 'ceda', 'acet', 'good']);
  checkWhole({ fn, argument: 'epochs' }, epochs);
  checkWhole({ fn, argument: 'batchSize' }, batchSize);
  checkWhole({ fn, argument: 'checkpointEvery' }, checkpointEvery);
  prepareData(fn, net, data, options);
  if (options.validation !== undefined) prepareData(fn, net, options.validation, {});
  const examples = data.x.shape[0]!;
  if (batchSize > examples)
    refuse(
      { fn, argument: 'batchSize' },
      'INVALID_OPTION',
      `at most the number of examples, ${examples}`,
      String(batchSize),
      'Lower it: a partial batch would be dropped, and none would be left.',
    );
  const { stepsPerEpoch = Math.floor(examples / batchSize) } = options;
  checkWhole({ fn, argument: 'stepsPerEpoch' }, stepsPerEpoch);
  if (stepsPerEpoch * batchSize > examples)
    refuse(
      { fn, argument: 'stepsPerEpoch' },
      'INVALID_OPTION',
      `at most the whole batches of the data, ${Math.floor(examples / batchSize)}`,
      String(stepsPerEpoch),
      'Lower it, and ask for more epochs.',
    );
  if (options.optimizer !== undefined) checkOptimizer(fn, options.optimizer);
  if (options.schedule !== undefined) checkFunction({ fn, argument: 'schedule' }, options.schedule);
  if (options.ramp !== undefined) checkFunction({ fn, argument: 'ramp' }, options.ramp);
  if (options.augmentation !== undefined) checkFunction({ fn, argument: 'augmentation' }, options.augmentation);
  const { checkpoint } = options;
  return {
    method,
    epochs,
    batchSize,
    stepsPerEpoch,
    checkpointEvery,
    store: typeof checkpoint === 'string' ? fileCheckpoint(checkpoint) : checkpoint,
  };
}
