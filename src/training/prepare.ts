import type * as tf from '@tensorflow/tfjs-core';
import { asClassifier } from '../classifier/asClassifier';
import { checkGradients } from '../classifier/differentiate';
import { type DataLike, labelledData } from '../classifier/labelledData';
import type { Classifier, LabelledData, ModelLike } from '../classifier/types';
import {
  checkFraction,
  checkFunction,
  checkKeys,
  checkNonNegative,
  checkPositive,
  checkWhole,
  type KeysOf,
  refuse,
  show,
} from '../core/check';
import { checkBatch, checkInBounds } from '../core/checkTensor';
import { checkLabels } from '../core/labels';
import type { AcetOptions, CedaOptions, GoodOptions, PlainOptions, StepOptions } from './types';

/** Every option of a plain step. */
export const PLAIN_KEYS: KeysOf<PlainOptions> = { seed: true, rng: true, weightDecay: true, classWeights: true };
/** Every option of a CEDA step. */
export const CEDA_KEYS: KeysOf<CedaOptions> = { ...PLAIN_KEYS, lambda: true, noise: true, outLoss: true };
/** Every option of an ACET step. */
export const ACET_KEYS: KeysOf<AcetOptions> = {
  ...CEDA_KEYS,
  epsilon: true,
  steps: true,
  stepSize: true,
  attack: true,
};
/** Every option of a GOOD step. */
export const GOOD_KEYS: KeysOf<GoodOptions> = {
  ...PLAIN_KEYS,
  lambda: true,
  noise: true,
  epsilon: true,
  quantile: true,
};

/** Looks at everything a step is given before any work starts; makes the classifier, and names the data `x` and `y`. */
export function prepare<O extends StepOptions>(
  fn: string,
  keys: KeysOf<O>,
  model: ModelLike,
  batch: DataLike,
  options: O,
): { readonly net: Classifier; readonly clean: LabelledData } {
  const clean = labelledData({ fn, argument: 'batch' }, batch);
  checkKeys({ fn, argument: 'options' }, options, keys);
  const net = asClassifier(fn, model, clean.x);
  prepareData(fn, net, clean, options);
  return { net, clean };
}

/** The same for a classifier that is already made. */
export function prepareData(fn: string, net: Classifier, data: LabelledData, options: StepOptions): void {
  checkLabelled(fn, net, data);
  prepareNet(fn, net, options);
}

/** The same without the data. */
export function prepareNet(fn: string, net: Classifier, options: StepOptions): void {
  checkGradients(fn);
  if (net.variables.length === 0)
    refuse(
      { fn, argument: 'model' },
      'UNSUPPORTED_MODEL',
      'a model with trainable variables',
      'one without',
      'Pass a LayersModel that is not frozen, or a function wrapped by classifier(f, { variables }).',
    );
  checkStepOptions(fn, options);
  checkClassWeights(fn, net, options.classWeights);
}

/** A positive number for each class. */
function checkClassWeights(fn: string, { classes }: Classifier, weights: PlainOptions['classWeights']): void {
  if (weights === undefined) return;
  const where = { fn, argument: 'classWeights' };
  if (!Array.isArray(weights) || weights.length !== classes)
    refuse(
      where,
      'INVALID_OPTION',
      `${classes} numbers, one for each class`,
      show(weights),
      'Pass 1 for a class as it is.',
    );
  for (const weight of weights) checkPositive(where, weight);
}

/** Inputs of the right shape inside the bounds, and a valid label for each. */
export function checkLabelled(fn: string, net: Classifier, { x, y }: LabelledData): void {
  checkBatch({ fn, argument: 'x' }, x, net.inputShape);
  checkInBounds({ fn, argument: 'x' }, x, net.bounds);
  checkLabels({ fn, argument: 'y' }, y, net.classes, x.shape[0]);
}

/** Options of all methods; those that a method does not have are undefined and pass. */
function checkStepOptions(
  fn: string,
  { lambda, weightDecay, noise, outLoss, epsilon, steps, stepSize, attack, quantile }: StepOptions,
): void {
  const given = <T>(
    value: T | undefined,
    argument: string,
    check: (where: { fn: string; argument: string }, v: T) => void,
  ) => {
    if (value !== undefined) check({ fn, argument }, value);
  };
  given(lambda, 'lambda', checkNonNegative);
  given(weightDecay, 'weightDecay', checkNonNegative);
  given<unknown>(noise, 'noise', checkFunction);
  given<unknown>(outLoss, 'outLoss', checkFunction);
  // Ramps of GOOD begin at zero; an attack in a ball of radius zero is a mistake.
  given(epsilon, 'epsilon', fn.startsWith('good') ? checkNonNegative : checkPositive);
  given(steps, 'steps', (where, v) => {
    checkWhole(where, v);
  });
  given(stepSize, 'stepSize', checkPositive);
  given<unknown>(attack, 'attack', checkFunction);
  given(quantile, 'quantile', checkFraction);
}

/** The out-distribution samples a sampler returned, which may be anybody's function. */
export function checkNoise(fn: string, net: Classifier, noise: tf.Tensor): void {
  checkBatch({ fn, argument: 'noise' }, noise, net.inputShape);
  checkInBounds({ fn, argument: 'noise' }, noise, net.bounds);
}
