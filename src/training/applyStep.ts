import * as tf from '@tensorflow/tfjs-core';
import type { DataLike } from '../classifier/labelledData';
import type { Classifier, LabelledData, ModelLike } from '../classifier/types';
import { type KeysOf, refuse, show } from '../core/check';
import type { RandomOptions } from '../core/resolveRng';
import { createRng, type Rng } from '../core/rng';
import { checkSlots } from './optimizerState';
import { prepare } from './prepare';
import type { GradientsResult, StepOptions, StepResult } from './types';

/** The gradients of one method, on checked arguments. */
export type MethodGradients<O extends StepOptions = StepOptions> = (
  fn: string,
  net: Classifier,
  clean: LabelledData,
  options: O,
) => GradientsResult;

interface StepArguments<O> {
  readonly model: ModelLike;
  readonly optimizer: tf.Optimizer;
  readonly batch: DataLike;
  readonly options: O;
}

/** Checks, differentiates, updates; the same for every method. */
export function applyStep<O extends StepOptions>(
  fn: string,
  gradients: MethodGradients<O>,
  keys: KeysOf<O>,
  { model, optimizer, batch, options }: StepArguments<O>,
): StepResult {
  checkOptimizer(fn, optimizer);
  const { net, clean } = prepare(fn, keys, model, batch, options);
  checkSlots(fn, optimizer, net.variables);
  const rng = stepRng(options, optimizer);
  return update(optimizer, gradients(fn, net, clean, { ...options, rng }));
}

/** Updates the variables and disposes the gradients; what was seen is left, or nothing where the update fails. */
export function update(optimizer: tf.Optimizer, { grads, ...seen }: GradientsResult): StepResult {
  try {
    optimizer.applyGradients(grads);
    return seen;
  } catch (error) {
    tf.dispose({ ...seen });
    throw error;
  } finally {
    tf.dispose(grads);
  }
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
