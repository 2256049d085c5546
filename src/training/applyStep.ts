import * as tf from '@tensorflow/tfjs-core';
import type { Classifier, LabelledData, ModelLike } from '../classifier/types';
import { refuse, show } from '../core/check';
import type { RandomOptions } from '../core/resolveRng';
import { createRng, type Rng } from '../core/rng';
import { prepare } from './prepare';
import type { GradientsResult, StepOptions, StepResult } from './types';

/** The gradients of one method, on checked arguments. */
export type MethodGradients = (
  fn: string,
  net: Classifier,
  batch: LabelledData,
  options: StepOptions,
) => GradientsResult;

interface StepArguments {
  readonly model: ModelLike;
  readonly optimizer: tf.Optimizer;
  readonly batch: LabelledData;
  readonly options: StepOptions;
}

/** Checks, differentiates, updates; the same for every method. */
export function applyStep(
  fn: string,
  gradients: MethodGradients,
  { model, optimizer, batch, options }: StepArguments,
): StepResult {
  checkOptimizer(fn, optimizer);
  const net = prepare(fn, model, batch, options);
  const rng = stepRng(options, optimizer);
  const { grads, ...seen } = gradients(fn, net, batch, { ...options, rng });
  optimizer.applyGradients(grads);
  tf.dispose(grads);
  return seen;
}

/** The stream handed in, or one named by the seed and the number of updates made. */
export function stepRng({ rng, seed = 0 }: RandomOptions, optimizer: tf.Optimizer): Rng {
  return rng ?? createRng(seed).fork(optimizer.iterations);
}

/** A tfjs optimizer, told by what it can do. */
export function checkOptimizer(fn: string, optimizer: tf.Optimizer): void {
  if (typeof optimizer?.applyGradients === 'function') return;
  refuse(
    { fn, argument: 'optimizer' },
    'INVALID_ARGUMENT',
    'a tfjs optimizer',
    show(optimizer),
    'Make one, for example with tf.train.adam(1e-3).',
  );
}
