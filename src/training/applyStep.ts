import * as tf from '@tensorflow/tfjs-core';
import type { Classifier, LabelledData, ModelLike } from '../classifier/types';
import { refuse, show } from '../core/check';
import { createRng } from '../core/rng';
import { prepare } from './prepare';
import type { AcetOptions, GradientsResult, StepResult } from './types';

/** The gradients of one method, on checked arguments. */
export type MethodGradients = (
  fn: string,
  net: Classifier,
  batch: LabelledData,
  options: AcetOptions,
) => GradientsResult;

interface StepArguments {
  readonly model: ModelLike;
  readonly optimizer: tf.Optimizer;
  readonly batch: LabelledData;
  readonly options: AcetOptions;
}

/** Checks, differentiates, updates; the same for every method. */
export function applyStep(
  fn: string,
  gradients: MethodGradients,
  { model, optimizer, batch, options }: StepArguments,
): StepResult {
  checkOptimizer(fn, optimizer);
  const net = prepare(fn, model, batch, options);
  const rng = options.rng ?? createRng(options.seed ?? 0).fork(optimizer.iterations);
  const { grads, ...seen } = gradients(fn, net, batch, { ...options, rng });
  optimizer.applyGradients(grads);
  tf.dispose(grads);
  return seen;
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
