import * as tf from '@tensorflow/tfjs-core';
import { imageOf } from '../../classifier/inputFacts';
import type { Classifier } from '../../classifier/types';
import { checkKeys, type KeysOf, refuse } from '../../core/check';
import { checkTensor } from '../../core/checkTensor';
import type { NoiseSampler } from '../../noise/options';
import { paperNoise, samplerFor } from '../../noise/paperNoise';

/** Training inputs under the name that this library gives them, or the one that tfjs does; labels are not needed. */
export type NamedInputs =
  | {
      /** Training inputs `[n, ...inputShape]`, float32, finite. Stays the caller's. */
      readonly x: tf.Tensor;
      /** Labels, which no guarantee looks at. */
      readonly y?: tf.Tensor;
    }
  | {
      /** Training inputs `[n, ...inputShape]`, float32, finite. Stays the caller's. */
      readonly xs: tf.Tensor;
      /** Labels, which no guarantee looks at. */
      readonly ys?: tf.Tensor;
    };

/** Training inputs `[n, ...inputShape]`, float32, finite, alone or named. */
export type TrainingInputs = tf.Tensor | NamedInputs;

/** What is not data. */
export interface OutInputs {
  /** What is not data, `[m, ...inputShape]`, float32, finite. Stays the caller's. @defaultValue noise of the paper */
  readonly out?: tf.Tensor;
}

type Names = { readonly x?: tf.Tensor; readonly xs?: tf.Tensor; readonly y?: tf.Tensor; readonly ys?: tf.Tensor };
const NAMES: KeysOf<Names> = { x: true, xs: true, y: true, ys: true };
const NAMES_WITH_OUT: KeysOf<Names & OutInputs> = { ...NAMES, out: true };

/** The training inputs, whichever way they were given. */
export function inputsOf(fn: string, data: TrainingInputs): tf.Tensor {
  return named(fn, data, NAMES).x;
}

/** The training inputs, whichever way they were given, and what is not data, if that was given. */
export function inputsAndOut(
  fn: string,
  data: tf.Tensor | (NamedInputs & OutInputs),
): { readonly x: tf.Tensor; readonly out?: tf.Tensor | undefined } {
  return named(fn, data, NAMES_WITH_OUT);
}

function named(
  fn: string,
  data: tf.Tensor | (NamedInputs & OutInputs),
  names: KeysOf<Names>,
): { readonly x: tf.Tensor; readonly out?: tf.Tensor | undefined } {
  const where = { fn, argument: 'x' };
  if (data instanceof tf.Tensor || data === null || typeof data !== 'object') {
    checkTensor(where, data);
    return { x: data };
  }
  checkKeys<Names>({ fn, argument: 'data' }, data, names);
  if ('x' in data && 'xs' in data)
    refuse(
      { fn, argument: 'data' },
      'INVALID_ARGUMENT',
      'inputs under one name',
      'both `x` and `xs`',
      'Leave one out.',
    );
  const x = 'xs' in data ? data.xs : data.x;
  checkTensor(where, x);
  if (data.out !== undefined) checkTensor({ fn, argument: 'out' }, data.out);
  return { x, out: data.out };
}

/** The paper's noise for a classifier; inputs that are not images are taken as vectors. */
export function noiseFor(net: Classifier): NoiseSampler {
  const sampler = samplerFor(paperNoise, net);
  return (x, rng) =>
    tf.tidy(() => {
      const images = imageOf(net) ? x : tf.reshape(x, [x.shape[0]!, -1]);
      return tf.reshape(sampler(images, rng), x.shape);
    });
}
